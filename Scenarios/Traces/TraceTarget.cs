namespace Scenarios.Traces;

/// <summary>The files that a variant's TLPs are streamed to while it runs.</summary>
/// <param name="Log">The event log of the run.</param>
/// <param name="Number">The variant's place in it, from 0.</param>
internal sealed record TraceTarget(EventLog Log, int Number)
{
    /// <summary>The capture; null for none.</summary>
    public string? Pcapng { get; init; }

    /// <summary>The trace for Perfetto; null for none.</summary>
    public string? Perfetto { get; init; }
}
