using Scenarios.Language;

namespace Scenarios.Model;

/// <summary>A plot of a counter over an axis of the matrix.</summary>
public sealed class PlotItem : ScriptItem
{
    [Key("title", "What it shows.", Required = true)]
    public string Title { get; private set; } = "";

    [Key("x", "The axis of the matrix along x; its values are numbers or sizes.", Required = true)]
    public Reference X { get; private set; }

    [Key("y", "The counter.", Required = true)]
    public string Y { get; private set; } = "";

    [Key("series", "The axis whose values are the lines.")]
    public Reference? Series { get; private set; }

    [Key("where", "Which variants: axis -> value or list of values.")]
    public Named<IReadOnlyList<string>> Where { get; private set; } = Named<IReadOnlyList<string>>.Empty;

    [Key("percent_of", "The value of the series' axis that counts as 100 %, at each x.")]
    public string? PercentOf { get; private set; }

    [Key("published", "What others measured: value of x -> y.")]
    public Named<long> Published { get; private set; } = Named<long>.Empty;
}
