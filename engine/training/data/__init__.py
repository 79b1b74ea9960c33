"""What is learned from: folders, captions, buckets, augmentation and the order of an epoch. Nothing here needs torch."""
