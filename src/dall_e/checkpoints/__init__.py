"""Models on disk: one file format, known names, tables for foreign projects."""
