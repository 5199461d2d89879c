"""Augmentation that is switched off."""

from genre.params import AugmentParams, DegradeParams

NO_DEGRADATION = dict.fromkeys(DegradeParams.model_fields, 0.0)
OFF = AugmentParams.model_validate(dict.fromkeys(AugmentParams.model_fields, 0.0) | {"degrade": NO_DEGRADATION})
