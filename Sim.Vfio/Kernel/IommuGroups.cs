using Sim.Pcie.Capabilities;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;

namespace Sim.Vfio.Kernel;

/// <summary>
/// IOMMU groups as the kernel derives them from topology and ACS: Functions that can reach each other around the IOMMU share one. A
/// Function goes upstream until every bridge from there to the root isolates; multi-function devices share a group unless their Functions
/// isolate. Everything is read by configuration requests.
/// </summary>
public sealed class IommuGroups
{
    private const ushort Acs = ExtendedCapabilityId.AccessControlServices;

    private const AcsFeatures Redirection = AcsFeatures.RequestRedirect | AcsFeatures.CompletionRedirect;

    private const AcsFeatures Isolation = AcsFeatures.SourceValidation | Redirection | AcsFeatures.UpstreamForwarding;

    private readonly RootComplex _root;
    private readonly List<List<DiscoveredFunction>> _groups = [];
    private readonly Dictionary<DiscoveredFunction, int> _groupOf = [];
    private readonly Dictionary<DiscoveredFunction, bool> _isolates = [];
    private readonly HashSet<DiscoveredFunction> _multiFunction = [];

    private IommuGroups(RootComplex root) => _root = root;

    /// <summary>The groups in the order in which they came to be, each with its Functions in order of discovery.</summary>
    public IReadOnlyList<IReadOnlyList<DiscoveredFunction>> Groups => _groups;

    /// <summary>Number of a Function's group.</summary>
    public int this[RoutingId id] => _groupOf.Single(f => f.Key.Id == id).Value;

    /// <summary>Derives the groups of everything that was discovered; VFs belong to it once they are enabled.</summary>
    public static async Task<IommuGroups> DeriveAsync(RootComplex root, IReadOnlyList<DiscoveredFunction> tree)
    {
        var groups = new IommuGroups(root);
        var all = tree.SelectMany(f => f.Subtree()).ToList();
        foreach (var function in all) await groups.ReadAsync(function);

        // PFs come before the VFs that drivers enable later.
        foreach (var function in all.Where(f => f.PhysicalFunction is null).Concat(all.Where(f => f.PhysicalFunction is not null)))
            groups.Place(function, all);
        return groups;
    }

    /// <summary>Sets ACS Control of every Function that has it, as the kernel does at boot when there is an IOMMU.</summary>
    public static async Task EnableAcsAsync(
        RootComplex root, IReadOnlyList<DiscoveredFunction> tree, AcsPolicy policy = AcsPolicy.Isolate)
    {
        if (policy == AcsPolicy.AsFound) return;
        var cleared = policy == AcsPolicy.NoRedirect ? (uint)(Redirection | AcsFeatures.EgressControl) : 0;
        foreach (var function in tree.SelectMany(f => f.Subtree()))
        {
            if (!function.ExtendedCapabilities.TryGetValue(Acs, out var at)) continue;
            var implemented = (await root.ConfigReadAsync(function.Id, at + 4, 2)).Value;
            var control = (await root.ConfigReadAsync(function.Id, at + 6, 2)).Value;
            await root.ConfigWriteAsync(function.Id, at + 6, 2, (control | implemented & (uint)Isolation) & ~cleared);
        }
    }

    private async Task ReadAsync(DiscoveredFunction function)
    {
        // A VF is no Function of a multi-function device to the kernel, whatever its neighbours.
        var isMulti = function.PhysicalFunction is null && ((await _root.ConfigReadAsync(function.Id, 0x0E, 1)).Value & 0x80) != 0;
        if (isMulti) _multiFunction.Add(function);
        var isolates = (PciePortType)function.PortType switch
        {
            PciePortType.RootPort or PciePortType.DownstreamPort => await HasIsolationAsync(function),
            PciePortType.Endpoint or PciePortType.LegacyEndpoint or PciePortType.UpstreamPort
                or PciePortType.RootComplexIntegratedEndpoint => !isMulti || await HasIsolationAsync(function),
            _ => false,
        };
        _isolates.Add(function, isolates);
    }

    /// <summary>What is not implemented cannot be needed; what is, must be enabled. Without the capability nothing isolates.</summary>
    private async Task<bool> HasIsolationAsync(DiscoveredFunction function)
    {
        if (!function.ExtendedCapabilities.TryGetValue(Acs, out var at)) return false;
        var needed = (AcsFeatures)(await _root.ConfigReadAsync(function.Id, at + 4, 2)).Value & Isolation;
        return ((AcsFeatures)(await _root.ConfigReadAsync(function.Id, at + 6, 2)).Value & needed) == needed;
    }

    private void Place(DiscoveredFunction function, List<DiscoveredFunction> all)
    {
        var least = function;
        for (var bridge = function.Parent; bridge is not null; bridge = bridge.Parent)
        {
            if (IsolatesToRoot(bridge)) break;
            least = bridge;
            if (!_groupOf.TryGetValue(bridge, out var shared)) continue;
            Join(function, shared);
            return;
        }

        if (_multiFunction.Contains(least) && !_isolates[least])
        {
            foreach (var sibling in all)
            {
                if (sibling == least || sibling.Parent != least.Parent || sibling.PhysicalFunction is not null) continue;
                if (sibling.Id.Device != least.Id.Device || _isolates[sibling]) continue;
                if (!_groupOf.TryGetValue(sibling, out var shared)) continue;
                Join(function, shared);
                return;
            }
        }

        _groups.Add([]);
        Join(function, _groups.Count - 1);
    }

    private bool IsolatesToRoot(DiscoveredFunction bridge)
    {
        for (var at = bridge; at is not null; at = at.Parent)
        {
            if (!_isolates[at]) return false;
        }

        return true;
    }

    private void Join(DiscoveredFunction function, int group)
    {
        _groupOf.Add(function, group);
        _groups[group].Add(function);
    }
}
