using Sim.Core;
using Sim.Iommu.Vtd;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;

namespace Sim.Vfio.Kernel;

/// <summary>
/// The kernel's driver of one VT-d unit: root, context and PASID tables, domains, queued invalidation, interrupt remapping, and the fault
/// interrupt, all through tables in memory and the unit's registers.
/// </summary>
public sealed partial class IntelIommu
{
    private const ulong NoPage = 0;

    private readonly VtdUnit _unit;
    private readonly KernelLog? _log;
    private readonly ulong _rootTable;
    private readonly Dictionary<RoutingId, IommuDomain> _attached = [];
    private readonly Dictionary<int, ulong> _contextTables = [];
    private readonly Dictionary<RoutingId, ulong> _pasidTables = [];
    private ushort _lastDomain;

    /// <summary>Takes a unit in its reset state, sets it up and turns translation on: from now on a requester reaches what it is attached
    /// to and nothing else.</summary>
    /// <param name="root">The host.</param>
    /// <param name="unit">The unit; the Root Complex's translation agent.</param>
    /// <param name="policy">How it is set up.</param>
    /// <param name="log">Where faults are logged.</param>
    public IntelIommu(RootComplex root, VtdUnit unit, IommuPolicy? policy = null, KernelLog? log = null)
    {
        (Root, _unit, _log, Policy) = (root, unit, log, policy ?? new IommuPolicy());
        Pages = new PhysicalPages(root.Memory);
        IsScalable = Policy.ScalableMode && (unit.Read(VtdRegister.ExtendedCapability, 8) & VtdField.ScalableModeSupport) != 0;
        _rootTable = Pages.Allocate();
        unit.Write(VtdRegister.RootTableAddress, _rootTable | (IsScalable ? VtdField.ScalableMode : 0), 8);
        Command(GlobalBits.RootTable);
        StartQueue();
        if (Policy.InterruptRemapping) StartInterruptRemapping();
        StartFaultHandling();
        Command(GlobalBits.Translation);
    }

    /// <summary>The host.</summary>
    public RootComplex Root { get; }

    /// <summary>The hardware.</summary>
    public VtdUnit Unit => _unit;

    /// <summary>How it is set up.</summary>
    public IommuPolicy Policy { get; }

    /// <summary>Whether the unit runs in scalable mode.</summary>
    public bool IsScalable { get; }

    /// <summary>Whether domains can have accessed and dirty bits.</summary>
    public bool CanTrackDirty =>
        IsScalable && (_unit.Read(VtdRegister.ExtendedCapability, 8) & VtdField.AccessedDirtySupport) != 0;

    /// <summary>Where tables come from.</summary>
    public PhysicalPages Pages { get; }

    private Simulator Sim => Root.Sim;

    private HostMemory Memory => Root.Memory;

    /// <summary>Makes an empty domain: every access faults until something is mapped.</summary>
    public IommuDomain CreateDomain(string name) => new(this, name, ++_lastDomain, Policy.Levels);

    /// <summary>The domain a requester is attached to, or null.</summary>
    public IommuDomain? DomainOf(RoutingId requester) => _attached.GetValueOrDefault(requester);

    /// <summary>Attaches a requester to a domain. Where it leaves another one, the invalidation is queued and done a little
    /// later.</summary>
    public void Attach(RoutingId requester, IommuDomain domain)
    {
        var moves = _attached.ContainsKey(requester);
        _attached[requester] = domain;
        if (IsScalable) WriteScalable(requester, PasidType.SecondStage, domain.Table, domain.Levels, domain.Id, domain.TracksDirty);
        else WriteLegacy(requester, ContextEntry.Legacy(TranslationType.Untranslated, domain.Table, domain.Levels, domain.Id));
        if (moves) _ = FlushContextsAsync();
    }

    /// <summary>Lets every request of a requester pass, as for devices that the host drives itself without translation.</summary>
    public void AttachPassThrough(RoutingId requester)
    {
        var moves = _attached.Remove(requester);
        if (IsScalable) WriteScalable(requester, PasidType.PassThrough, NoPage, Policy.Levels, ++_lastDomain, false);
        else WriteLegacy(requester, ContextEntry.Legacy(TranslationType.PassThrough, NoPage, Policy.Levels, ++_lastDomain));
        if (moves) _ = FlushContextsAsync();
    }

    /// <summary>Detaches a requester, and waits until nothing cached or under way uses its domain any more.</summary>
    public Task DetachAsync(RoutingId requester)
    {
        _attached.Remove(requester);
        Memory.WriteValue(ContextAt(requester), 0, 8);
        return FlushContextsAsync();
    }

    /// <summary>Turns accessed and dirty bits of a domain on or off, and waits until the hardware does so.</summary>
    /// <returns>False where the hardware or its mode cannot.</returns>
    public async Task<bool> SetDirtyTrackingAsync(IommuDomain domain, bool on)
    {
        if (!CanTrackDirty) return false;
        domain.TracksDirty = on;
        foreach (var (requester, attached) in _attached)
            if (attached == domain) WriteScalable(requester, PasidType.SecondStage, domain.Table, domain.Levels, domain.Id, on);
        await FlushContextsAsync();
        return true;
    }

    private void Command(GlobalBits bit)
    {
        // One-shot bits read 0 in what is written back (VT-d §11.4.4).
        const GlobalBits OneShot = GlobalBits.RootTable | GlobalBits.InterruptTable | GlobalBits.WriteBuffer;
        var status = (GlobalBits)_unit.Read(VtdRegister.GlobalStatus, 4) & ~OneShot;
        _unit.Write(VtdRegister.GlobalCommand, (uint)(status | bit), 4);
    }

    private ulong ContextAt(RoutingId requester)
    {
        var half = IsScalable ? requester.Value >> 7 & 1 : 0;
        var key = requester.Bus * 2 + half;
        if (!_contextTables.TryGetValue(key, out var table))
        {
            _contextTables.Add(key, table = Pages.Allocate());
            Memory.WriteValue(_rootTable + (ulong)(requester.Bus * RootEntry.Bytes + half * 8), table | RootEntry.Present, 8);
        }

        return IsScalable
            ? table + (ulong)((requester.Value & 0x7F) * ContextEntry.ScalableBytes)
            : table + (ulong)((requester.Value & 0xFF) * ContextEntry.Bytes);
    }

    private void WriteLegacy(RoutingId requester, (ulong Low, ulong High) entry)
    {
        var at = ContextAt(requester);
        Memory.WriteValue(at + 8, entry.High, 8);
        Memory.WriteValue(at, entry.Low, 8);
    }

    /// <summary>RID_PASID 0 in a directory of one table: requests without a PASID find the domain there.</summary>
    private void WriteScalable(RoutingId requester, PasidType type, ulong table, int levels, ushort domain, bool tracksDirty)
    {
        if (!_pasidTables.TryGetValue(requester, out var directory))
        {
            _pasidTables.Add(requester, directory = Pages.Allocate());
            Memory.WriteValue(directory, Pages.Allocate() | PasidEntry.Present, 8);
        }

        var entry = Memory.ReadValue(directory, 8) & PagingEntry.Address;
        Memory.WriteValue(entry + 8, domain, 8);
        Memory.WriteValue(entry, PasidEntry.First(type, table, levels, tracksDirty), 8);
        Memory.WriteValue(ContextAt(requester), directory | ContextEntry.Present, 8);
    }
}
