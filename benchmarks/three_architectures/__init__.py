"""Custom CNN, EfficientNetB4 and VGG16 on the same real images: trained, kept, shown."""
