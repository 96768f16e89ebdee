using Sim.Core;
using Sim.Pcie.Spec;

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

    /// <summary>If set with <see cref="FixedTlpOverhead"/>, completions cost these bytes and their payload instead.</summary>
    public int? FixedCompletionOverhead { get; init; }

    /// <summary>If set, replaces the rate that speed and width give.</summary>
    public DataRate? Rate { get; init; }

    /// <summary>
    /// Share of the line rate that is left to TLPs, as a fraction: what acknowledgements, credit updates and SKP ordered sets take on
    /// average is taken off the rate. 1/1 counts none of them.
    /// </summary>
    public (long Part, long Whole) TlpShare { get; init; } = (1, 1);

    /// <summary>From the moment a receive buffer drains to the moment the transmitter may use the credit, flight included (UpdateFC,
    /// §2.6.1.2).</summary>
    public SimDuration CreditReturnLatency { get; init; } = SimDuration.FromNanoseconds(60);

    /// <summary>The default: physical framing, 10 ns of flight.</summary>
    public static LinkProfile Standard { get; } = new() { Name = "standard" };

    /// <summary>
    /// As <see cref="Standard"/>, but DLLPs and ordered sets take their share of a loaded link: an Ack and an UpdateFC of 8 bytes for 203
    /// bytes of TLPs each (a 128-byte Max_Payload_Size: §3.6.3.1, §2.6.1.2), a SKP ordered set of 4 bytes every 1538 (§4.2.7).
    /// </summary>
    public static LinkProfile DllpOverhead { get; } = Standard with { Name = "dllp-overhead", TlpShare = SharedWithDllps };

    /// <summary>
    /// The accounting of published throughput baselines: 24 bytes for a request and 20 for a completion besides the payload, whatever the
    /// header, on the rate that <see cref="DllpOverhead"/> leaves.
    /// </summary>
    public static LinkProfile PublishedBaseline { get; } = new()
    {
        Name = "published-baseline",
        FixedTlpOverhead = 24,
        FixedCompletionOverhead = 20,
        TlpShare = SharedWithDllps,
    };

    /// <summary>Every profile that a script can name.</summary>
    public static IReadOnlyList<LinkProfile> Named { get; } = [Standard, DllpOverhead, PublishedBaseline];

    // 1 - 8/203 - 8/203 - 4/1538.
    private static (long Part, long Whole) SharedWithDllps => ((203 * 1538) - (16 * 1538) - (4 * 203), 203 * 1538);

    /// <summary>Rate of TLP bytes on a link of this speed and width.</summary>
    public DataRate RateOf(LinkSpeed speed, LinkWidth width)
    {
        var line = Rate ?? LinkRates.DataRate(speed, width);
        return TlpShare.Part == TlpShare.Whole ? line : line.Scaled(TlpShare.Part, TlpShare.Whole);
    }

    /// <summary>What every TLP of a flow class costs besides its payload, in bytes; null where that is its header's, prefixes' and
    /// framing's affair.</summary>
    internal int? FixedOverhead(FlowClass kind) =>
        kind == FlowClass.Completion && FixedTlpOverhead is not null ? FixedCompletionOverhead ?? FixedTlpOverhead : FixedTlpOverhead;
}
