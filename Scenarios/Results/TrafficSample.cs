using Sim.Core;

namespace Scenarios.Results;

/// <summary>What a traffic generator moved with one size of transfer, measured in steady state.</summary>
/// <param name="Function">The Function, by the script's name.</param>
/// <param name="Bytes">Size of a transfer.</param>
/// <param name="ReadRate">Bytes per second that its reads brought; 0 without reads.</param>
/// <param name="WriteRate">Bytes per second of its writes that arrived at the other end of its link; 0 without writes.</param>
public sealed record TrafficSample(string Function, int Bytes, double ReadRate, double WriteRate)
{
    /// <summary>Median of the reads' latency, issue to data; null without reads.</summary>
    public SimDuration? Median { get; init; }

    /// <summary>99th percentile of it.</summary>
    public SimDuration? P99 { get; init; }

    /// <summary>What counts as its bandwidth: the lesser of both where it reads and writes.</summary>
    public double Rate => ReadRate == 0 ? WriteRate : WriteRate == 0 ? ReadRate : Math.Min(ReadRate, WriteRate);
}
