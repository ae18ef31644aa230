"""The character of a system, measured once as of a device: response, distortion, gain curve."""
