"""The one denoising loop: pictures of several people share its steps."""
