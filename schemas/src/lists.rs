//! What the catalogue knows, as far as legal names depend on it. The caller fills it in: without names any name is legal.

/// A region that exists.
#[derive(Debug, Clone, Copy)]
pub struct Region<'a> {
    /// `eu-north-1`.
    pub name: &'a str,
    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: &'a str,
}

/// A training instance type that exists.
#[derive(Debug, Clone, Copy)]
pub struct InstanceType<'a> {
    /// `ml.p4d.24xlarge`.
    pub name: &'a str,
    /// Size of the local NVMe disks; 0 is none.
    pub nvme_gb: u32,
}

/// Names that are legal values.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lists<'a> {
    /// Every region.
    pub regions: &'a [Region<'a>],
    /// Every training instance type.
    pub instance_types: &'a [InstanceType<'a>],
}

impl<'a> Lists<'a> {
    /// The region of that name.
    pub fn region(&self, name: &str) -> Option<&'a Region<'a>> {
        self.regions.iter().find(|region| region.name == name)
    }

    /// The instance type of that name.
    pub fn instance_type(&self, name: &str) -> Option<&'a InstanceType<'a>> {
        self.instance_types
            .iter()
            .find(|instance| instance.name == name)
    }

    pub(crate) fn region_names(&self) -> impl Iterator<Item = &'a str> + Clone {
        self.regions.iter().map(|region| region.name)
    }

    pub(crate) fn type_names(&self) -> impl Iterator<Item = &'a str> + Clone {
        self.instance_types.iter().map(|instance| instance.name)
    }
}
