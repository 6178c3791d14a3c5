"""The embedded model: its file, and llama.cpp's own OpenAI-compatible server around it in a child process."""
