//! Objects inside `sustainable_ml_training`: channels, network, per-region settings, placement, timeouts.

use std::collections::BTreeMap;

use tfplugin::Attr;

use super::outputs::{BASELINE, ESTIMATE, PRICE, SAVINGS, SIGNAL};
use crate::declare::{Kind, Preset, Text, declare, list, map, of, one_of, text, whole};

/// A list whose members may be unknown.
pub type Texts = Vec<Attr<String>>;
/// A map whose values may be unknown.
pub type TextMap = BTreeMap<String, Attr<String>>;

declare! {
    /// A file system channel.
    pub struct FileSystem, pub const FILE_SYSTEM;
    "" {
        id: String, "ID of the FSx for Lustre file system.", text(Text::Id("fs-")).required();
        directory_path: String, "Directory, starting with the mount name.", text(Text::ContainerPath).required();
    }
}

declare! {
    /// One entry of `input_channels`.
    pub struct InputChannel, pub const INPUT_CHANNEL;
    "" {
        s3_uri: String, "Where the channel's objects are.", text(Text::S3Uri);
        input_mode: String, "How the data reaches the container.", one_of(&[
            ("File", "downloaded to the disk before training starts"),
            ("FastFile", "streamed on first read, looks like files"),
            ("Pipe", "streamed through a named pipe"),
        ]).preset(Preset::Derived("`File`; `FastFile` for more than 100 GB, unless `algorithm` is set or a channel says `File`; `Pipe` where another setting needs it"));
        content_type: String, "MIME type of the data.", text(Text::UpTo(256));
        compression: String, "Compression of the objects.", one_of(&[
            ("None", "not compressed"),
            ("Gzip", "gzip; needs `input_mode = \"Pipe\"`"),
        ]).preset(Preset::Text("None"));
        record_wrapper: String, "Wrapping of each object.", one_of(&[
            ("None", "as it is"),
            ("RecordIO", "each object becomes a RecordIO record"),
        ]).preset(Preset::Text("None"));
        s3_data_type: String, "What `s3_uri` names.", one_of(&[
            ("S3Prefix", "every object under the prefix"),
            ("ManifestFile", "a manifest of keys"),
            ("AugmentedManifestFile", "a manifest in JSON lines; needs `input_mode = \"Pipe\"`"),
        ]).preset(Preset::Text("S3Prefix"));
        distribution: String, "What each instance receives.", one_of(&[
            ("FullyReplicated", "everything"),
            ("ShardedByS3Key", "its share of the objects"),
        ]).preset(Preset::Text("FullyReplicated"));
        shuffle_seed: i64, "Shuffles the objects with this seed.", whole(0, i64::MAX);
        file_system: FileSystem, "A directory of your own FSx for Lustre file system in place of `s3_uri`.", of(Kind::Object(FILE_SYSTEM));
    }
}

const SUBNET: Kind = Kind::Text(Text::Id("subnet-"));
const GROUP: Kind = Kind::Text(Text::Id("sg-"));

declare! {
    /// The network of the training instances.
    pub struct VpcConfig, pub const VPC_CONFIG;
    "" {
        subnets: Texts, "IDs of the subnets.", list(&SUBNET, 16).required();
        security_group_ids: Texts, "IDs of the security groups.", list(&GROUP, 5).required();
    }
}

declare! {
    /// What differs in one region.
    pub struct Regional, pub const REGIONAL;
    "" {
        vpc_config: VpcConfig, "Network in this region.", of(Kind::Object(VPC_CONFIG));
        kms_key_arn: String, "Key for S3 objects in this region.", text(Text::Arn("kms", "key"));
        volume_kms_key_arn: String, "Key for the volumes in this region.", text(Text::Arn("kms", "key"));
        training_image: String, "Training image in this region.", text(Text::Image);
        dataset_s3_uri: String, "A replica of the dataset here; nothing is staged.", text(Text::S3Uri);
        output_s3_uri: String, "Where the results of a run here go.", text(Text::S3Uri);
    }
}

declare! {
    /// Experiment names.
    pub struct Experiment, pub const EXPERIMENT;
    "" {
        name: String, "Experiment; made when it is missing.", text(Text::Entity(120)).required();
        trial: String, "Trial in it; made when it is missing.", text(Text::Entity(120)).preset(Preset::Derived("one of this training's own"));
        run: String, "Run to record under; it has to exist.", text(Text::Entity(120));
    }
}

declare! {
    /// A decision that is in force, or that `data.sustainable_placement` proposes.
    pub struct Placement, pub const PLACEMENT;
    "" {
        region: String, "Region of the run.", text(Text::Region).or_computed();
        instance_type: String, "Instance type of the run.", text(Text::InstanceType).or_computed();
        capacity: String, "`spot` or `on_demand`.", one_of(&[
            ("spot", "interruptible, cheaper"),
            ("on_demand", "not interruptible"),
        ]).or_computed();
        start_time: String, "When the run starts; null is at once.", text(Text::Time).or_computed();
        issued_at: String, "When the decision was made.", text(Text::Any).or_computed();
        expires_at: String, "When it goes stale; null is never.", text(Text::Time).or_computed();
        digest: String, "Digest over the workload and all of these values.", text(Text::Any).or_computed();
        summary: String, "The decision in one line.", text(Text::Any).or_computed();
        estimate: super::outputs::Estimate, "Energy, emissions, cost and hours.", of(Kind::Object(ESTIMATE)).or_computed();
        signal: super::outputs::Signal, "The carbon signal behind it.", of(Kind::Object(SIGNAL)).or_computed();
        price: super::outputs::Price, "The price of an instance behind it.", of(Kind::Object(PRICE)).or_computed();
        baseline: super::outputs::Baseline, "What it is compared with.", of(Kind::Object(BASELINE)).or_computed();
        savings: super::outputs::Savings, "Baseline less estimate.", of(Kind::Object(SAVINGS)).or_computed();
    }
}

declare! {
    /// How long each operation may take.
    pub struct Timeouts, pub const TIMEOUTS;
    "" {
        create: String, "Creating, staging and, with `wait_for_completion`, the run.", text(Text::Duration)
            .preset(Preset::Derived("60m; with `wait_for_completion` plus the run's own limits"));
        update: String, "Changing, which may include a new run.", text(Text::Duration)
            .preset(Preset::Derived("60m; with `wait_for_completion` plus the run's own limits"));
        delete: String, "Stopping and removing.", text(Text::Duration).preset(Preset::Text("30m"));
    }
}

/// A tag value.
pub(super) const TAG_VALUE: Kind = Kind::Text(Text::TagValue);
/// Tags: at most 50 on a job, three of which are ours from the beginning, and a fourth once the run is let go of.
pub const MAX_TAGS: usize = 46;

/// `tags` and `default_tags`.
pub const fn tags() -> crate::declare::Attribute {
    map(Text::TagKey, &TAG_VALUE, MAX_TAGS)
}
