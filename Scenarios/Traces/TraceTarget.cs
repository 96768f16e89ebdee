namespace Scenarios.Traces;

/// <summary>The files that a variant's TLPs are streamed to while it runs.</summary>
/// <param name="Events">Where its event-log lines are kept until the log is put together.</param>
public sealed record TraceTarget(string Events)
{
    /// <summary>The capture; null for none.</summary>
    public string? Pcapng { get; init; }

    /// <summary>The trace for Perfetto; null for none.</summary>
    public string? Perfetto { get; init; }
}
