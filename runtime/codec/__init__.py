"""Values to bytes and back, for everything the runtime keeps."""
