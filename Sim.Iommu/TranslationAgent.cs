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

    /// <summary>Decides on one request at once; allocates nothing unless it faults.</summary>
    public Translation Translate(in TranslationRequest request, ITranslationClient client, int slot)
    {
        var isWrite = (request.Access & MemoryAccess.Write) != 0;
        var reason = Decide(in request, isWrite, out var translated);
        if (reason == FaultReason.None) return Translation.To(translated, Latency, request.Data);
        Faults.Record(new(_sim.Now, request.Requester, request.Address, isWrite, reason));
        return Translation.Refuse(Latency);
    }

    private FaultReason Decide(in TranslationRequest request, bool isWrite, out ulong translated)
    {
        translated = request.Address;
        if (isWrite && (request.Address & InterruptMask) == InterruptBase)
            return Interrupts?.Remap(request.Requester, request.Address, out translated) ?? FaultReason.None;
        // No requester may use ATS yet: a translated request would pass around the tables.
        if (request.At != AddressType.Untranslated) return FaultReason.TranslationBlocked;
        return _remapping.Remap(request.Requester, request.Address, isWrite, out translated);
    }
}
