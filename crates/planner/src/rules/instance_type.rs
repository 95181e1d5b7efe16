//! Filters that look at the type alone.

use catalog::{Kind, images};

use super::{Scope, Why};
use crate::model::{Model, Pace};
use crate::units::GB_PER_GIB;
use crate::{AcceleratorCountPolicy, ImageChoice, InputMode, ModelType};

/// Asks the rules about a type; `Err` = no sense in asking further.
pub(crate) fn instance_type(
    m: &Model,
    scope: &Scope,
    index: usize,
    no: &mut dyn FnMut(Why) -> bool,
) -> Option<(Pace, Option<images::Choice>)> {
    let request = m.request;
    let t = &m.types()[index];
    let reference = &m.types()[m.reference];
    let named = scope.is_named(index);
    let exempt = named || index == m.reference;
    if scope.only.is_some_and(|(_, only)| only != index) && !no(Why::NotPlaced) {
        return None;
    }
    if scope.listed_types.as_ref().is_some_and(|l| !l[index]) && !no(Why::NotListedType) {
        return None;
    }
    if !exempt {
        if t.kind != reference.kind
            && t.kind != Kind::Neuron
            && !no(Why::Kind {
                own: t.kind,
                reference: reference.kind,
            })
        {
            return None;
        }
        if t.kind == Kind::Neuron && !no(Why::NeuronUnnamed) {
            return None;
        }
        let (own, there) = (t.accelerator_count, reference.accelerator_count);
        let fits = match request.accelerator_count_policy {
            AcceleratorCountPolicy::Same => own == there,
            AcceleratorCountPolicy::UpTo => own <= there,
            AcceleratorCountPolicy::Any => true,
        };
        let policy = request.accelerator_count_policy;
        if t.kind != Kind::Cpu
            && !fits
            && !no(Why::Count {
                own,
                reference: there,
                policy,
            })
        {
            return None;
        }
        if request.model_type == ModelType::GenerativeAi && t.kind != Kind::Cpu {
            let share = m.catalog.constants().generative_memory_share.value;
            let own = t.accelerators_memory_gib() * GB_PER_GIB;
            let least = reference.accelerators_memory_gib() * share * GB_PER_GIB;
            if own < least && !no(Why::TotalMemory { own, least }) {
                return None;
            }
        }
    }
    if t.kind != Kind::Cpu {
        let own = t.accelerator_memory_gib * GB_PER_GIB;
        let least = match request.min_gpu_memory_gb {
            Some(explicit) => explicit,
            None if exempt => 0.0,
            None => reference.accelerator_memory_gib * GB_PER_GIB,
        };
        if own < least && !no(Why::GpuMemory { own, least }) {
            return None;
        }
    }
    if !exempt {
        let needed = request
            .num_data_loader_workers
            .saturating_mul(t.accelerator_count);
        if t.vcpu < needed
            && !no(Why::Loaders {
                vcpu: t.vcpu,
                needed,
            })
        {
            return None;
        }
        if t.kind == Kind::Cpu && reference.kind == Kind::Cpu {
            if t.vcpu != reference.vcpu
                && !no(Why::OtherVcpu {
                    own: t.vcpu,
                    reference: reference.vcpu,
                })
            {
                return None;
            }
            if t.ram_gib < reference.ram_gib
                && !no(Why::LessRam {
                    own: t.ram_gib,
                    reference: reference.ram_gib,
                })
            {
                return None;
            }
            if matches!(t.family, "t3" | "m4" | "c4") && !no(Why::OldCpu) {
                return None;
            }
        }
    }
    let gb = request.dataset_size_gb;
    if request.input_mode == InputMode::File {
        let own = if t.has_nvme() {
            f64::from(t.nvme_gb)
        } else {
            let most = m.catalog.constants().volume_most_gb.value;
            request.volume_size_gb.unwrap_or(most)
        };
        if gb > own && !no(Why::Disk { gb, own }) {
            return None;
        }
    }
    let own = t.ram_gib * GB_PER_GIB;
    if request.cache_dataset_in_memory && gb > own && !no(Why::DatasetInRam { gb, own }) {
        return None;
    }
    let pace = match m.pace(index) {
        Ok(pace) => pace,
        Err(why) => {
            let class = m.class.map_or(request.model_type.as_str(), |c| c.as_str());
            let accelerator = t.accelerator.map_or("CPU", |a| a.key);
            no(Why::NoPace {
                why,
                class,
                accelerator,
            });
            return None;
        }
    };
    let mut choice = None;
    let framework = match &request.image {
        ImageChoice::Default => Some(None),
        ImageChoice::Framework(name) => Some(Some(name.as_str())),
        ImageChoice::Algorithm(_) | ImageChoice::Given(_) => None,
    };
    if let Some(framework) = framework {
        match images::choose(framework, t) {
            Ok(found) => {
                choice = Some(found);
                let needs = t.accelerator.and_then(|a| a.needs_cuda);
                if let (Some(image), Some(needs)) = (found.cuda(), needs)
                    && image < needs
                    && !no(Why::Cuda { image, needs })
                {
                    return None;
                }
            }
            Err(error) => {
                if !no(Why::Image(error.message)) {
                    return None;
                }
            }
        }
    }
    if t.retired && !no(Why::Retired) {
        return None;
    }
    if t.training_plan_only && !request.training_plan && !no(Why::TrainingPlan) {
        return None;
    }
    Some((pace, choice))
}
