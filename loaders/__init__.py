"""Every way in which data crosses a border; the file's name says the direction."""
