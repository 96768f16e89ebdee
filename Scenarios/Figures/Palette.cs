using Scenarios.Results;

namespace Scenarios.Figures;

/// <summary>
/// Colours that stay apart for every kind of colour vision (after Okabe and Ito), and what each kind of lane entry looks like.
/// </summary>
internal static class Palette
{
    public const string Ink = "#1b1f24";
    public const string Faint = "#57606a";
    public const string Grid = "#e4e7eb";
    public const string Frame = "#afb8c1";

    public static readonly IReadOnlyList<SeriesMark> Series =
    [
        new(MarkShape.Circle, "#0072b2"),
        new(MarkShape.Square, "#d55e00"),
        new(MarkShape.Triangle, "#009e73"),
        new(MarkShape.Diamond, "#aa4499"),
        new(MarkShape.Cross, "#1b1f24"),
        new(MarkShape.Circle, "#b07d00"),
    ];

    public static readonly SeriesMark Median = new(MarkShape.Tick, Ink);

    /// <summary>The word of a kind, and its mark (for an instant) or fill (for a span).</summary>
    public static (string Word, SeriesMark Mark) Of(LaneKind kind) => kind switch
    {
        LaneKind.Running => ("running", new(MarkShape.Square, "#cdebdc")),
        LaneKind.Suspended => ("initiator suspended", new(MarkShape.Square, "#fdeab5")),
        LaneKind.Stopped => ("stopped", new(MarkShape.Square, "#d7dbe0")),
        LaneKind.Saving => ("saving", new(MarkShape.Square, "#cfe4f5")),
        LaneKind.Blocked => ("blocked", new(MarkShape.Square, "#f6d5c3")),
        LaneKind.Load => ("load", new(MarkShape.Circle, "#0072b2")),
        LaneKind.Store => ("store", new(MarkShape.Square, "#b07d00")),
        LaneKind.Dma => ("DMA", new(MarkShape.Triangle, "#009e73")),
        LaneKind.Tlp => ("TLP", new(MarkShape.Tick, "#8c959f")),
        LaneKind.Message => ("Message", new(MarkShape.Diamond, "#aa4499")),
        LaneKind.Error => ("error", new(MarkShape.Cross, "#d55e00")),
        LaneKind.Interrupt => ("interrupt", new(MarkShape.Triangle, "#56789a")),
        LaneKind.Fault => ("fault", new(MarkShape.Cross, "#1b1f24")),
        LaneKind.Sending => ("memory is sent", new(MarkShape.Square, "#dfe7c8")),
        LaneKind.Downtime => ("guest stands", new(MarkShape.Square, "#f3c9b5")),
        LaneKind.Recovery => ("recovery", new(MarkShape.Diamond, "#0072b2")),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "has no colour"),
    };
}
