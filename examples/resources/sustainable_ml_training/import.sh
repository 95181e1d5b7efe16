# By the ARN of the training job:
terraform import sustainable_ml_training.bert arn:aws:sagemaker:eu-north-1:123456789012:training-job/bert-base-1a2b3c4d

# By region and job name:
terraform import sustainable_ml_training.bert eu-north-1/bert-base-1a2b3c4d

# By the bucket of the data and the name, also before the run has begun:
terraform import sustainable_ml_training.bert my-training-data/bert-base
