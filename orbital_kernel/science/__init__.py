"""Analysis: frames in, frames out; knows no store, no file and no clock."""
