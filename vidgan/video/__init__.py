"""Files and uint8 RGB arrays: reading, writing, shot boundaries, cleaning."""
