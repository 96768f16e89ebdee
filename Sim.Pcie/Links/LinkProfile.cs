using System.Runtime.CompilerServices;
using Sim.Core;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Links;

/// <summary>What a link costs beside its speed and width: flight time, framing, the bandwidth its DLLPs and ordered sets take.</summary>
public sealed record LinkProfile
{
    /// <summary>Name under which scripts choose it.</summary>
    public required string Name { get; init; }

    /// <summary>Flight time of a symbol, transmitter to receiver, including both PHYs.</summary>
    public SimDuration Propagation { get; init; } = SimDuration.FromNanoseconds(10);

    /// <summary>
    /// Framing of a TLP in bytes: STP with sequence number and LCRC. Eight both for 8b/10b (STP, sequence, LCRC, END: §4.2.1.2)
    /// and for 128b/130b (4-byte STP token, LCRC: §4.2.2.3.1).
    /// </summary>
    public int FramingBytes { get; init; } = 8;

    /// <summary>If set, every TLP costs these bytes and its payload, whatever its header: the accounting of published baselines.</summary>
    public int? FixedTlpOverhead { get; init; }

    /// <summary>If set, replaces the rate that speed and width give.</summary>
    public DataRate? Rate { get; init; }

    /// <summary>From the moment a receive buffer drains to the moment the transmitter may use the credit, flight included (UpdateFC,
    /// §2.6.1.2).</summary>
    public SimDuration CreditReturnLatency { get; init; } = SimDuration.FromNanoseconds(60);

    /// <summary>The default: physical framing, 10 ns of flight.</summary>
    public static LinkProfile Standard { get; } = new() { Name = "standard" };

    /// <summary>Bytes that this TLP occupies on the wire.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int WireBytes(in Tlp tlp) => FixedTlpOverhead is { } overhead ? overhead + tlp.PayloadBytes : FramingBytes + tlp.WireBytes;
}
