using Sim.Core;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;

namespace Sim.Iommu;

/// <summary>
/// The translation agent of a Root Complex: every request that enters from a Root Port goes through it by its Requester ID. Refused
/// requests are recorded; the Root Complex then completes reads with Unsupported Request and drops writes.
/// </summary>
public sealed class TranslationAgent : ITranslationAgent
{
    /// <summary>First address of the interrupt range, to which writes are interrupts and never DMA.</summary>
    public const ulong InterruptBase = 0xFEE0_0000;

    private const ulong InterruptMask = 0xFFFF_FFFF_FFF0_0000;

    private readonly Simulator _sim;
    private readonly IDmaRemapping _remapping;

    /// <summary>Makes an IOMMU over context entries and page tables that software sets directly.</summary>
    /// <param name="sim">The engine that dates the faults.</param>
    /// <param name="latency">What every translation takes.</param>
    public TranslationAgent(Simulator sim, SimDuration latency = default)
    {
        _sim = sim;
        Latency = latency;
        Contexts = new();
        _remapping = Contexts;
    }

    /// <summary>Makes an IOMMU over another remapping, such as a walk of tables in host memory.</summary>
    public TranslationAgent(Simulator sim, IDmaRemapping remapping, SimDuration latency = default)
        : this(sim, latency) => _remapping = remapping;

    /// <summary>Requester ID to domain.</summary>
    public ContextTable Contexts { get; }

    /// <summary>Refused requests.</summary>
    public FaultLog Faults { get; } = new();

    /// <summary>What every translation takes.</summary>
    public SimDuration Latency { get; set; }

    /// <summary>Decides on interrupt writes; null (the default) passes them unchanged.</summary>
    public IInterruptRemapping? Interrupts { get; set; }

    /// <summary>Decides on one request, which stays within a 4 KiB page (§2.2.7); allocates nothing unless it faults.</summary>
    public Translation Translate(RoutingId requester, ulong address, int bytes, bool isWrite, AddressType at)
    {
        var reason = Decide(requester, address, isWrite, at, out var translated);
        if (reason == FaultReason.None) return new(true, translated, Latency);
        Faults.Record(new(_sim.Now, requester, address, isWrite, reason));
        return new(false, address, Latency);
    }

    private FaultReason Decide(RoutingId requester, ulong address, bool isWrite, AddressType at, out ulong translated)
    {
        translated = address;
        if (isWrite && (address & InterruptMask) == InterruptBase)
            return Interrupts?.Remap(requester, address, out translated) ?? FaultReason.None;
        // No requester may use ATS yet: a translated request would pass around the tables.
        if (at != AddressType.Untranslated) return FaultReason.TranslationBlocked;
        return _remapping.Remap(requester, address, isWrite, out translated);
    }
}
