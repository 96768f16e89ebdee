namespace Scenarios.Figures.Svg;

/// <summary>
/// About how wide a text is. Nothing measures fonts here, so it errs to the wide side: what fits by this fits on the screen.
/// </summary>
internal static class TextWidth
{
    public static double Of(string text, double size)
    {
        var width = 0.0;
        foreach (var c in text)
            width += c switch
            {
                'i' or 'l' or 'j' or '.' or ',' or ':' or ';' or '|' or '!' or '\'' => 0.32,
                ' ' or 'f' or 't' or 'r' or '(' or ')' or '[' or ']' or '/' or '-' => 0.42,
                'm' or 'w' or 'M' or 'W' or '@' or '%' => 0.95,
                >= 'A' and <= 'Z' => 0.72,
                _ => 0.62,
            };
        return width * size;
    }

    /// <summary>The text, or as much of it as fits with an ellipsis, or nothing if not even that.</summary>
    public static string Fit(string text, double size, double room)
    {
        if (Of(text, size) <= room) return text;
        for (var n = text.Length - 1; n > 2; n--)
            if (Of(text[..n], size) + size <= room) return text[..n].TrimEnd() + "\u2026";
        return "";
    }
}
