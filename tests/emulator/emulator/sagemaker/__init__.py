"""SageMaker training jobs: moto's end at once, these live."""
