"""The networks and their layers, the model file, the exported model, calibration, clip predictions and scores."""
