"""Model files that hold their own graph: TorchScript, torch.export and ONNX."""
