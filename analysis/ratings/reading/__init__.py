"""Reading ratings: files of any layout, exports and folders of studies, scales."""
