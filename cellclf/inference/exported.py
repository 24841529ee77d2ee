"""What has to be known of an exported network to use it: kept in the format, and as JSON beside."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from cellclf.engines.proof import Proof
from cellclf.network.outputs import OUTLIER_SCORE, PROBABILITIES
from cellclf.terms import ResizeMode

__all__ = ["INPUT", "NOTICE", "OUTPUTS", "ExportRecord"]

INPUT = (
    "images, uint8, (n, image_size, image_size, 3), RGB, 0 to 255, not scaled; the network scales"
)
NOTICE = "Not for clinical use."

OUTPUTS = {
    PROBABILITIES: "float32, (n, number of classes), in the order of classes",
    OUTLIER_SCORE: "float32, (n,), about 1 for an image like those of training; above the "
    "threshold 'outlier' it is none of the classes",
}
"""What the outputs are, by name."""


class ExportRecord(BaseModel):
    """What is known of an exported network."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    notice: str = Field(NOTICE, description="What it may not be used for.")
    format: str = Field(description="What the format is called.")
    file: str = Field(description="Name of the file that opens it; empty where the folder does.")
    model: str = Field(description="What the model is called.")
    bundle_sha256: str = Field(description="Hash of the bundle that it was made from.")
    input: str = Field(INPUT, description="What it takes.")
    outputs: Mapping[str, str] = Field(description="What it gives, by name.")
    classes: tuple[str, ...] = Field(description="Class names in the order of the probabilities.")
    image_size: int = Field(description="Height and width in pixels that images are brought to.")
    resize: ResizeMode = Field(description="How images become square.")
    decode_version: int = Field(description="Version of cellclf's decoder that it expects.")
    calibrated: bool = Field(description="Its probabilities are calibrated.")
    thresholds: Mapping[str, float] = Field(
        description="What turns its answers into decisions: a confidence below `review` needs a "
        "person, an outlier score above `outlier` is none of the classes."
    )
    synthetic: bool = Field(description="The model was trained on rendered images.")
    leaky: bool = Field(description="The split leaks: figures look better than they are.")
    trained_with: Mapping[str, str] = Field(description="Versions of what trained it, by name.")
    converted_with: Mapping[str, str] = Field(
        description="Versions of what converted it, by distribution."
    )
    made_images: Proof | None = Field(None, description="How far it is from Keras on made images.")
    given_images: Proof | None = Field(
        None, description="How far it is from Keras on the images that were given; absent if none."
    )

    def metadata(self) -> dict[str, str]:
        """Return it as text by name, as it is kept in formats; what is no text is JSON."""
        content = self.model_dump(mode="json", exclude={"made_images", "given_images", "file"})
        return {
            name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            for name, value in content.items()
        }
