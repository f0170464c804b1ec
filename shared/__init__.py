"""The ground floor: what the add-on, the backend and the training share. numpy, msgspec and pyzmq only."""
