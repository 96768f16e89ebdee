using Sim.Core;
using Sim.Iommu.Vtd;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;

namespace Sim.Vfio.Kernel;

/// <summary>The kernel of one host: its log, its Functions and their drivers, the services that own errors, and what happened to
/// it.</summary>
public sealed class HostKernel
{
    private readonly List<PciFunction> _functions = [];
    private readonly Dictionary<RoutingId, PciFunction> _byId = [];
    private int _ghesRecords;
    private int _errorCases;

    /// <summary>Boots a kernel on an enumerated hierarchy.</summary>
    /// <param name="root">The Root Complex.</param>
    /// <param name="policy">Who owns errors.</param>
    /// <param name="discovered">What enumeration found on bus 0, each with what is below it.</param>
    /// <param name="iommu">The remapping unit, in its reset state; null without one.</param>
    /// <param name="iommuPolicy">How the unit is set up.</param>
    public HostKernel(
        RootComplex root, HostErrorPolicy policy, IEnumerable<DiscoveredFunction> discovered, VtdUnit? iommu = null,
        IommuPolicy? iommuPolicy = null)
    {
        (Root, Policy) = (root, policy);
        Log = new(root.Sim);
        if (iommu is not null) Iommu = new IntelIommu(root, iommu, iommuPolicy, Log);
        Outcome = new(root.Sim);
        foreach (var function in discovered) AddTree(function, null);
        root.Messages.Subscribe((SimTime _, in MessageArrival message) => OnMessage(message));
    }

    /// <summary>The Root Complex.</summary>
    public RootComplex Root { get; }

    /// <summary>The engine.</summary>
    public Simulator Sim => Root.Sim;

    /// <summary>Who owns errors.</summary>
    public HostErrorPolicy Policy { get; }

    /// <summary>The driver of the IOMMU, or null.</summary>
    public IntelIommu? Iommu { get; }

    /// <summary>dmesg.</summary>
    public KernelLog Log { get; }

    /// <summary>What happened to the host.</summary>
    public HostOutcome Outcome { get; }

    /// <summary>What is done on account of errors, as it is done.</summary>
    public Probe<HostAction> Actions { get; } = new();

    /// <summary>Every Function, a bridge before what is below it, a PF before its VFs.</summary>
    public IReadOnlyList<PciFunction> Functions => _functions;

    /// <summary>Takes VFs over that were enabled after boot.</summary>
    public IReadOnlyList<PciFunction> Add(IEnumerable<DiscoveredFunction> discovered)
    {
        List<PciFunction> added = [];
        foreach (var function in discovered)
        {
            var parent = function.Parent is { } bridge ? this[bridge.Id] : null;
            added.Add(_byId.TryGetValue(function.Id, out var known) ? known : AddOne(function, parent));
        }

        return added;
    }

    /// <summary>The Function with a Routing ID.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public PciFunction this[RoutingId id] => _byId.TryGetValue(id, out var function)
        ? function
        : throw new KeyNotFoundException($"the kernel knows no function {id}");

    /// <summary>The Function with a Routing ID, or null.</summary>
    public PciFunction? Find(RoutingId id) => _byId.GetValueOrDefault(id);

    /// <summary>Every Function below a bridge, at any depth, in the order in which the kernel walks them.</summary>
    public IReadOnlyList<PciFunction> Below(PciFunction bridge)
    {
        List<PciFunction> below = [];
        foreach (var function in _functions)
        {
            var above = function.Parent;
            while (above is not null && above != bridge) above = above.Parent;
            if (above == bridge) below.Add(function);
        }

        return below;
    }

    /// <summary>Programs the error registers as the policy's owner does and starts its handlers. Takes simulated time.</summary>
    public async Task StartErrorServicesAsync()
    {
        await ErrorSetup.ProgramAsync(this);
        foreach (var port in Root.RootPorts)
        {
            var function = this[port.Function.Id];
            await PortServices.StartAsync(this, port, function);
        }

        foreach (var function in _functions.Where(f => f is { IsDownstreamPort: true, Parent: not null, Dpc: not 0 }))
            await PortServices.StartAsync(this, function);
        await SavePortStatesAsync();
    }

    /// <summary>Has the drivers of bridges save the registers as they stand now: what they bring back after a reset from above.</summary>
    public async Task SavePortStatesAsync()
    {
        foreach (var function in _functions)
            if (function is { IsBridge: true, Driver: null or PortDriver }) await PortDriver.BindAsync(function);
    }

    /// <summary>Gives a requester an interrupt: a vector with a handler and, where interrupts are remapped, an entry of its own.</summary>
    /// <param name="requester">Who raises it.</param>
    /// <param name="name">Shown in traces.</param>
    /// <param name="handler">Called in simulated time, once per interrupt.</param>
    /// <returns>Address and data to program the requester with.</returns>
    public MsiTarget AllocateInterrupt(RoutingId requester, string name, Action handler)
    {
        var target = Root.Interrupts.Allocate(name, handler);
        return Iommu?.Remap(requester, target) ?? target;
    }

    internal int NextErrorCase() => ++_errorCases;

    internal int NextGhesRecord() => ++_ghesRecords;

    /// <summary>The last words of the host. Nothing of it runs on afterwards.</summary>
    internal void Panic(PciFunction? subject, string line)
    {
        if (Outcome.IsPanicked) return;
        Log.Write(KernelLogLevel.Emergency, line);
        Log.Close();
        Outcome.Record(HostEventKind.Panic, subject?.Id ?? default, _functions, line);
    }

    private void AddTree(DiscoveredFunction discovered, PciFunction? parent)
    {
        var function = AddOne(discovered, parent);
        foreach (var child in discovered.Children) AddTree(child, function);
    }

    private PciFunction AddOne(DiscoveredFunction discovered, PciFunction? parent)
    {
        var function = new PciFunction(Root, discovered, parent, discovered.PhysicalFunction is { } pf ? this[pf.Id] : null);
        _functions.Add(function);
        _byId.Add(function.Id, function);
        return function;
    }

    private void OnMessage(in MessageArrival message)
    {
        if (message.Header.MessageCode is not (MessageCode.ErrCor or MessageCode.ErrNonFatal or MessageCode.ErrFatal)) return;
        var source = message.Header.RequesterId;
        PciFunction[] affected = Find(source) is { } function ? [function] : [];
        Outcome.Record(HostEventKind.ErrorMessage, source, affected, $"{message.Header.MessageCode} from {source}");
    }
}
