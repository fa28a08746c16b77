"""Thin shells that run a decoding strategy inside other engines: transformers' `generate` and a vLLM server."""
