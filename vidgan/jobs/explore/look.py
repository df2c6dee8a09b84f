"""The look of the page: fonts, colours and the styles of :mod:`vidgan.jobs.explore.markup`."""

from importlib.resources import files

import gradio as gr

# Fonts of the system: Gradio's own default is fetched from elsewhere.
_SANS = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif"]
_MONO = ["ui-monospace", "Menlo", "Consolas", "monospace"]


def theme() -> gr.themes.Base:
    """Return the theme: calm, with one accent colour that can be read in light and dark."""
    return gr.themes.Base(
        primary_hue="blue", neutral_hue="gray", font=_SANS, font_mono=_MONO, radius_size="md"
    ).set(
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover_dark="*primary_800",
        button_primary_text_color="white",
        checkbox_border_color="*neutral_500",
        checkbox_border_color_dark="*neutral_400",
        block_title_text_color="*neutral_800",
        block_title_text_color_dark="*neutral_100",
        block_label_text_color="*neutral_700",
        block_label_text_color_dark="*neutral_200",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_300",
    )


def styles() -> str:
    """Return the style sheet."""
    return files("vidgan.jobs.explore").joinpath("page.css").read_text("utf-8")
