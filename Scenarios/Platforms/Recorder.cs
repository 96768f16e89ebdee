using Scenarios.Language;
using Scenarios.Results;
using Sim.Core;
using Sim.Iommu;
using Sim.Pcie.Config;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Errors;
using Sim.Pcie.Links;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;
using Sim.Vfio.Kernel;
using Sim.Vfio.VfioPci;
using ErrorStep = Sim.Pcie.Errors.ErrorStep;

namespace Scenarios.Platforms;

/// <summary>
/// Looks at a machine from the moment it is attached: TLPs on every link, decisions of devices, steps of error paths, interrupts, the
/// kernel's log. It changes nothing; times are counted from its beginning.
/// </summary>
internal sealed class Recorder
{
    private readonly Machine _machine;
    private readonly NameBook _names;
    private readonly SimTime _start;
    private readonly Counters _counters = new();
    private readonly Dictionary<long, List<ChainStep>> _chains = [];
    private readonly List<(RoutingId Port, RoutingId Source, long Chain)> _waiting = [];
    private readonly Dictionary<int, long> _cases = [];
    private readonly List<(SimTime Time, ErrorStep Step)> _errorSteps = [];
    private readonly int _firstEvent;
    private readonly Dictionary<Port, string> _switchOf = [];
    private readonly Dictionary<(PcieDevice Device, int Type), string> _arrivals = [];
    private readonly Dictionary<(PcieDevice Device, int Type), string> _departures = [];
    private SimTime _lastTlp;

    public Recorder(Machine machine, NameBook names)
    {
        _machine = machine;
        _names = names;
        _start = machine.Sim.Now;
        _firstEvent = machine.Kernel.Outcome.Events.Count;
        foreach (var link in machine.Links)
        {
            link.Downstream.Arrived.Subscribe(OnTlp);
            link.Upstream.Arrived.Subscribe(OnTlp);
            link.StateChanged.Subscribe((SimTime _, in bool up) =>
                Lanes.Instant(link.Upper.Name, Now, LaneKind.Recovery, up ? "DL_Up" : "DL_Down"));
        }

        foreach (var sw in machine.Switches)
            foreach (var port in sw.Downstream.Append(sw.Upstream)) _switchOf.Add(port, sw.Name);
        foreach (var device in machine.Devices) device.Device.Accesses.Subscribe((SimTime _, in AccessRecord a) => OnAccess(device, in a));
        machine.Links[0].Upper.ErrorTrace.Steps.Subscribe(OnErrorStep);
        machine.Kernel.Actions.Subscribe(OnHostAction);
        machine.Root.Messages.Subscribe(OnMessage);
        machine.Root.Interrupts.Arrived.Subscribe(OnInterrupt);
        machine.Kernel.Log.Written.Subscribe((SimTime _, in KernelLogLine line) =>
        {
            Dmesg.Add(new LogLine(line.Time, line.Level.ToString(), line.Text));
            _counters.Add("kernel log lines");
        });
        machine.Kernel.Outcome.Recorded.Subscribe((SimTime _, in HostEvent happened) => CountEvent(happened.Kind));
        machine.Iommu?.Faults.Recorded.Subscribe((SimTime _, in FaultRecord fault) => OnFault(in fault));
    }

    /// <summary>Present time, from the recorder's beginning.</summary>
    public SimTime Now => Relative(_machine.Sim.Now);

    public LaneBook Lanes { get; } = new();

    public List<LogLine> Dmesg { get; } = [];

    public List<LoadSample> Loads { get; } = [];

    /// <summary>Decisions of stopped functions on their users' requests, in order.</summary>
    public List<(SimTime Time, AccessRecord Access)> StoppedAccesses { get; } = [];

    /// <summary>The first request that the IOMMU refused; null if it refused none.</summary>
    public FaultRecord? FirstFault { get; private set; }

    /// <summary>The first request that a function held in its ingress buffer; null if none did.</summary>
    public (SimTime Time, AccessRecord Access)? FirstHeld { get; private set; }

    /// <summary>Most TLPs that waited at once in a device's ingress buffer, held or behind one that was.</summary>
    public int MostHeld { get; private set; }

    /// <summary>Accesses that faulted, in order.</summary>
    public List<SimTime> Sigbuses { get; } = [];

    /// <summary>Everything that error paths did, in order.</summary>
    public IReadOnlyList<(SimTime Time, ErrorStep Step)> ErrorSteps => _errorSteps;

    /// <summary>Whether some device that a user has opened was in a state in which it need not respond.</summary>
    public bool WasStopped { get; private set; }

    /// <summary>A device reached such a state.</summary>
    public void OnStopped() => WasStopped = true;

    /// <summary>What happened to the host since the beginning.</summary>
    public IEnumerable<HostEvent> HostEvents => _machine.Kernel.Outcome.Events.Skip(_firstEvent);

    public IReadOnlyList<(string Name, long Value)> Counted => _counters.InOrder;

    public SimTime Relative(SimTime time) => SimTime.Zero + (time - _start);

    public void Count(string name, long count = 1) => _counters.Add(name, count);

    /// <summary>What traffic generators moved, in order.</summary>
    public List<TrafficSample> Traffic { get; } = [];

    /// <summary>A traffic generator was measured with one size: also as counters, which expectations can ask for.</summary>
    public void OnTraffic(TrafficSample sample)
    {
        Traffic.Add(sample);
        var of = $"of {sample.Function} at {sample.Bytes}B";
        if (sample.ReadRate > 0) Count($"read Mb/s {of}", (long)(sample.ReadRate * 8 / 1e6));
        if (sample.WriteRate > 0) Count($"write Mb/s {of}", (long)(sample.WriteRate * 8 / 1e6));
        if (sample.Median is { } median) Count($"median read ns {of}", median.Femtoseconds / 1_000_000);
        if (sample.P99 is { } p99) Count($"99 % read ns {of}", p99.Femtoseconds / 1_000_000);
    }

    private void CountEvent(HostEventKind kind)
    {
        switch (kind)
        {
            case HostEventKind.DriverUnload: Count("drivers stopped"); break;
            case HostEventKind.ErrorNotified: Count("error eventfds"); break;
            case HostEventKind.FunctionReset or HostEventKind.HotReset: Count("resets"); break;
        }
    }

    /// <summary>Shows a value beside the counts.</summary>
    public void Show(string name, long value) => _counters.Set(name, value);

    /// <summary>An access of an actor, when it ended.</summary>
    public void OnActorAccess(string actor, string lane, bool isLoad, bool stopped, in ProcessAccess access)
    {
        var issued = Relative(access.Issued);
        if (access.Outcome is AccessOutcome.Sigbus or AccessOutcome.Segfault)
        {
            var signal = access.Outcome == AccessOutcome.Sigbus ? "SIGBUS" : "SIGSEGV";
            _counters.Add(signal);
            if (access.Outcome == AccessOutcome.Sigbus) Sigbuses.Add(issued);
            Lanes.Instant(lane, issued, LaneKind.Fault, signal);
        }
        else if (access.Outcome == AccessOutcome.Completed)
        {
            Lanes.Instant(lane, issued, isLoad ? LaneKind.Load : LaneKind.Store, isLoad ? "load" : "store");
        }

        if (!isLoad) return;
        var load = access.Load;
        var outcome = access.Outcome switch
        {
            AccessOutcome.Sigbus => "SIGBUS",
            AccessOutcome.Segfault => "SIGSEGV",
            AccessOutcome.Completed when load.TimedOut => "Completion Timeout",
            AccessOutcome.Completed => load.Status switch
            {
                CompletionStatus.Successful => "Successful Completion",
                CompletionStatus.UnsupportedRequest => "Unsupported Request",
                CompletionStatus.CompleterAbort => "Completer Abort",
                _ => load.Status.ToString(),
            },
            _ => "not executed",
        };
        _counters.Add($"loads of {actor}: {outcome}");
        if (access.Outcome == AccessOutcome.Completed)
            Loads.Add(new LoadSample(issued, load.Completed - load.Issued, actor, outcome, stopped));
    }

    /// <summary>When the last thing happened that a timeline should show.</summary>
    public SimTime LastOfInterest()
    {
        var last = _lastTlp;
        foreach (var line in Dmesg) if (line.Time > last && line.Time - last < SimDuration.FromMilliseconds(5)) last = line.Time;
        return last + SimDuration.FromMicroseconds(1);
    }

    /// <summary>The causal chains of the errors, in the order in which they began.</summary>
    public IReadOnlyList<ErrorChain> Chains() =>
    [
        .. _chains.OrderBy(c => c.Value[0].Time).ThenBy(c => c.Key)
            .Select(c => new ErrorChain($"{c.Value[0].Component} {c.Value[0].What}", c.Value)),
    ];

    /// <summary>The dumped machine that it is, if it is one.</summary>
    public PlatformSetup? Platform => _machine.Platform;

    /// <summary>Whose value a register has that a dump gave; null for any other.</summary>
    public string? OriginOf(RegisterBit bit) => Platform?.OriginOf(bit);

    private ChainStep Shown(SimTime time, ErrorStep step)
    {
        var text = step is { Kind: ErrorStepKind.Detected, Tlp: { } tlp } ? $"{step.Text} ({_names.Describe(in tlp)})" : step.Text;
        return new ChainStep(time, step.Component, text, [.. step.Bits.Concat(step.Written).Select(b => Deciding(b, step.Text))]);
    }

    /// <summary>A register field with what followed from it.</summary>
    public DecidingField Deciding(RegisterBit bit, string effect) =>
        new(bit.Function, bit.Register, bit.Field, bit.Value, effect) { From = OriginOf(bit), Section = bit.Section };

    private void OnTlp(SimTime time, in TlpHop hop)
    {
        var header = hop.Tlp.Header;
        _lastTlp = Relative(time);
        if (_machine.IsBulk(header.RequesterId)) return;
        if (hop.Direction.To is PcieDevice device)
        {
            _counters.Add(Words(_arrivals, device, header.Type, "at"));
            if (device.HeldTlps > 0)
            {
                _counters.AtLeast($"most TLPs held at once by {device.Name}", device.HeldTlps + 1);
                MostHeld = Math.Max(MostHeld, device.HeldTlps + 1);
            }
        }
        else if (hop.Direction.From is PcieDevice requester) OnTlpOf(requester, in header, Relative(time));
        if (hop.Direction.To is SwitchPort)
            Lanes.Instant(_switchOf[hop.Direction.To], Relative(time), LaneKind.Tlp, EnumNames<TlpType>.Of(header.Type));
    }

    private void OnTlpOf(PcieDevice device, in TlpHeader header, SimTime time)
    {
        if (header.IsCompletion)
        {
            if (header.Status != CompletionStatus.Successful) _counters.Add($"{header.Type} from {device.Name}: {header.Status}");
            return;
        }

        if (header.IsMessage) return;
        Lanes.Instant(_names.Of(header.RequesterId), time, LaneKind.Dma, Words(_departures, device, header.Type, "from"));
        var id = header.RequesterId;
        if (device.Functions.FirstOrDefault(f => f.Id == id) is not IMigratableFunction function) return;
        if (function.InitiatorSuspended && InterruptController.IsInterrupt(header.FirstByteAddress))
            _counters.Add("interrupts that arrived from a Function suspended as initiator");
        if (!function.ResponderSuspended) return;
        _counters.Add("requests of a stopped Function");
        _counters.Add($"{header.Type} of a stopped Function");
    }

    // Said of every TLP, so that the words are made once.
    private static string Words(Dictionary<(PcieDevice, int), string> words, PcieDevice device, TlpType type, string how) =>
        words.TryGetValue((device, (int)type), out var known) ? known : words[(device, (int)type)] = $"{type} {how} {device.Name}";

    private void OnAccess(DeviceUnit device, in AccessRecord access)
    {
        if (access.Decision == AccessDecision.Hold)
        {
            _counters.Add($"stores held by {access.Function.Name}");
            FirstHeld ??= (Now, access);
            MostHeld = Math.Max(MostHeld, 1);
        }

        if (access.Header.RequesterId.Value != 0)
            _counters.Add($"{access.Header.Type} of {_names.Of(access.Header.RequesterId)} at {access.Function.Name}: {access.Decision}");
        if (access.Function is not IMigratableFunction { ResponderSuspended: true }) return;
        if (access.Header.RequesterId.Value != 0)
        {
            OnPeerAccess(in access);
            return;
        }

        if (!device.Personality.IsUserRegister(access.Bar, access.Offset)) return;
        _counters.Add("user TLPs to a stopped Function");
        _counters.Add($"{access.Header.Type} to a stopped Function: {access.Decision}");
        StoppedAccesses.Add((Now, access));
        Lanes.Instant(access.Function.Name, Now, access.Header.HasData ? LaneKind.Store : LaneKind.Load,
            $"{access.Header.Type}: {access.Decision}");
    }

    /// <summary>A request of another function to a stopped one, its migration registers included: the bus knows no owner.</summary>
    private void OnPeerAccess(in AccessRecord access)
    {
        _counters.Add("peer TLPs to a stopped Function");
        _counters.Add($"{access.Header.Type} of a peer to a stopped Function: {access.Decision}");
        Lanes.Instant(access.Function.Name, Now, LaneKind.Dma, $"{access.Header.Type} of a peer: {access.Decision}");
    }

    private void OnFault(in FaultRecord fault)
    {
        FirstFault ??= fault;
        _counters.Add("IOMMU faults");
        _counters.Add($"IOMMU faults of {_names.Of(fault.Requester)}: {fault.Reason}");
        Lanes.Instant("IOMMU", Now, LaneKind.Fault, $"{fault.Reason} of {_names.Of(fault.Requester)}");
    }

    private void OnErrorStep(SimTime time, in ErrorStep step)
    {
        var at = Relative(time);
        if (!_chains.TryGetValue(step.Chain, out var chain)) _chains.Add(step.Chain, chain = []);
        chain.Add(Shown(at, step));

        if (step.Kind is ErrorStepKind.RootLogged or ErrorStepKind.SystemError or ErrorStepKind.Contained)
            _waiting.Add((step.Id, step.Message?.Requester ?? step.Id, step.Chain));
        _errorSteps.Add((at, step));
        if (step.Kind == ErrorStepKind.Detected) Lanes.Instant("errors", at, LaneKind.Error, $"{step.Component} {step.Text}");
        if (step.Kind == ErrorStepKind.Contained) Lanes.Instant("errors", at, LaneKind.Recovery, step.Text);
    }

    private void OnHostAction(SimTime time, in HostAction action)
    {
        if (!_cases.TryGetValue(action.Case, out var chain))
        {
            // Host software knows port and source, no chain: it works at the oldest one of these that nobody has worked at.
            var (port, source) = (action.Port, action.Source);
            var first = _waiting.FindIndex(w => w.Port == port && (source is null || w.Source == source));
            if (first < 0) first = _waiting.FindIndex(w => w.Port == port);
            if (first < 0) return;
            chain = _waiting[first].Chain;
            if (_waiting.Any(w => w.Port == port && w.Chain != chain)) _waiting.RemoveAll(w => w.Chain == chain);
            _cases.Add(action.Case, chain);
        }

        _chains[chain].Add(new ChainStep(Relative(time), action.By, _names.Named(action.Text)));
    }

    private void OnMessage(SimTime time, in MessageArrival message)
    {
        if (ErrorMessage.From(message.Header.MessageCode, message.Header.RequesterId) is not { } error) return;
        var name = error.Severity switch
        {
            ErrorSeverity.Correctable => "ERR_COR",
            ErrorSeverity.NonFatal => "ERR_NONFATAL",
            _ => "ERR_FATAL",
        };
        _counters.Add(name);
        Lanes.Instant(message.Port.Name, Relative(time), LaneKind.Message, $"{name} from {_names.Of(error.Requester)}");
    }

    private void OnInterrupt(SimTime time, in InterruptArrival interrupt)
    {
        var requester = interrupt.Requester;
        var name = _names.Of(requester);
        _counters.Add($"interrupts of {name}");
        var lane = _machine.Root.RootPorts.Any(p => p.Function.Id == requester) ? name : "vCPU";
        Lanes.Instant(lane, Relative(time), LaneKind.Interrupt, $"interrupt of {name}");
    }
}
