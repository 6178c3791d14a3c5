"""Chinese: one table a room, English template -> Chinese template. Terms: docs/glossary.md."""
