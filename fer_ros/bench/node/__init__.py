"""What emotion_node costs over DDS, beside a bare echo."""
