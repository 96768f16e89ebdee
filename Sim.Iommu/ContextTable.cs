using Sim.Pcie.Spec;

namespace Sim.Iommu;

/// <summary>Requester ID to domain, in two steps as VT-d does it: bus to context table, then Device and Function to context
/// entry.</summary>
public sealed class ContextTable : IDmaRemapping
{
    private readonly Domain?[]?[] _buses = new Domain?[256][];

    /// <summary>Where requesters without an entry of their own go; null (the default) refuses them.</summary>
    public Domain? Fallback { get; set; }

    /// <summary>Attaches a requester to a domain, leaving the one it was in.</summary>
    public void Attach(RoutingId requester, Domain domain) =>
        (_buses[requester.Bus] ??= new Domain?[256])[requester.Value & 0xFF] = domain;

    /// <summary>Detaches a requester.</summary>
    public void Detach(RoutingId requester)
    {
        if (_buses[requester.Bus] is { } contexts) contexts[requester.Value & 0xFF] = null;
    }

    /// <summary>The domain a requester is attached to, or null.</summary>
    public Domain? DomainOf(RoutingId requester) => _buses[requester.Bus]?[requester.Value & 0xFF];

    /// <inheritdoc/>
    public FaultReason Remap(RoutingId requester, ulong iova, bool isWrite, out ulong address)
    {
        var contexts = _buses[requester.Bus];
        var domain = contexts?[requester.Value & 0xFF] ?? Fallback;
        if (domain is not null) return domain.Translate(iova, isWrite, out address);
        address = 0;
        return contexts is null ? FaultReason.RootEntryNotPresent : FaultReason.ContextEntryNotPresent;
    }
}
