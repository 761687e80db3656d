"""Weight files and parameter trees: msgpack, safetensors, quantized weights."""
