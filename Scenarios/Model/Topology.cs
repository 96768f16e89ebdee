using Scenarios.Language;

namespace Scenarios.Model;

/// <summary>What plugs into what.</summary>
public sealed class Topology : ScriptItem
{
    [Key("root_ports", "Root Ports by name.", Required = true)]
    public Named<RootPortItem> RootPorts { get; private set; } = Named<RootPortItem>.Empty;

    [Key("switches", "Switches by name.")]
    public Named<SwitchItem> Switches { get; private set; } = Named<SwitchItem>.Empty;

    [Key("devices", "Devices by name.", Required = true)]
    public Named<DeviceItem> Devices { get; private set; } = Named<DeviceItem>.Empty;
}

/// <summary>A Root Port.</summary>
public sealed class RootPortItem : ScriptItem
{
    [Key("link", "The fastest and widest link the port can train.", Required = true)]
    public LinkShape Link { get; private set; }

    [Key("profile", "What its link costs beside speed and width.")]
    public LinkCost Profile { get; private set; } = LinkCost.Standard;

    [Key("propagation", "Time of flight on its link.")]
    public Sim.Core.SimDuration Propagation { get; private set; } = new(5_000_000);

    [Key("acs", "The ACS mechanisms that are enabled at the port, and no others; without this what the kernel enables.")]
    public IReadOnlyList<AcsMechanism>? Acs { get; private set; }

    [Key("blocks", "Ports whose bits are set in its Egress Control Vector: of a Downstream Port its neighbours, of a Root Port others.")]
    public IReadOnlyList<Reference> Blocks { get; private set; } = [];

    /// <summary>Whether the port has an ACS capability.</summary>
    internal bool HasAcs => Acs?.Contains(AcsMechanism.Absent) != true;
}

/// <summary>A switch: one Upstream Port and some Downstream Ports.</summary>
public sealed class SwitchItem : ScriptItem
{
    [Key("at", "The Root Port or Downstream Port (switch.port) above it.", Required = true)]
    public Reference At { get; private set; }

    [Key("link", "The fastest and widest link its Upstream Port can train.", Required = true)]
    public LinkShape Link { get; private set; }

    [Key("ports", "Its Downstream Ports by name.", Required = true)]
    public Named<RootPortItem> Ports { get; private set; } = Named<RootPortItem>.Empty;

    [Key("latency", "Time from the last byte in to the first byte out.")]
    public Sim.Core.SimDuration Latency { get; private set; } = new(110_000_000);
}

/// <summary>A device and its policies.</summary>
public sealed class DeviceItem : ScriptItem
{
    [Key("model", "What kind of device it is.", Required = true)]
    public DeviceModel Model { get; private set; }

    [Key("at", "The Root Port or Downstream Port (switch.port) it is plugged into.", Required = true)]
    public Reference At { get; private set; }

    [Key("link", "The fastest and widest link it can train.", Required = true)]
    public LinkShape Link { get; private set; }

    [Key("vfs", "Virtual Functions to enable.", Min = 0, Max = 64)]
    public int Vfs { get; private set; }

    [Key("stopped_store", "What the device does with a store to a Function stopped as responder.")]
    public StoppedStore StoppedStore { get; private set; } = StoppedStore.Discard;

    [Key("stopped_load", "What the device answers to a load from a Function stopped as responder.")]
    public StoppedLoad StoppedLoad { get; private set; } = StoppedLoad.Garbage;

    [Key("suspended_doorbell", "What an mlx5 VF does with a doorbell while only its initiator is suspended.")]
    public SuspendedDoorbell SuspendedDoorbell { get; private set; } = SuspendedDoorbell.Remember;

    [Key("suspended_interrupt", "What an mlx5 VF does with an interrupt that becomes due while only its initiator is suspended.")]
    public SuspendedInterrupt SuspendedInterrupt { get; private set; } = SuspendedInterrupt.Hold;

    [Key("image_chunk", "Bytes of an mlx5 VF's image that cross at once; without it the image crosses whole.")]
    public ByteSize? ImageChunk { get; private set; }

    [Key("fails", "A command of the device's migration control that fails.")]
    public MigrationCommand Fails { get; private set; } = MigrationCommand.None;

    [Key("hangs", "Whether the command that fails stays busy for ever instead.")]
    public bool Hangs { get; private set; }

    [Key("command_time", "Time that a command of the device's migration control takes.")]
    public Sim.Core.SimDuration CommandTime { get; private set; }

    [Key("fifo", "Entries of a forwarder's FIFO.", Min = 1, Max = 256)]
    public int Fifo { get; private set; } = 64;

    [Key("full", "What a forwarder does with a store to its full FIFO.")]
    public FullFifo Full { get; private set; } = FullFifo.Hold;

    [Key("pace", "Time that a forwarder takes for an entry (20ns if nothing is said), or a queue before each descriptor (none).")]
    public Sim.Core.SimDuration? Pace { get; private set; }

    [Key("aperture", "Largest size of a simple device's BAR2: memory behind a Resizable BAR, 1MiB until software picks a size.")]
    public ByteSize? Aperture { get; private set; }

    [Key("vf_aer", "Whether the VFs have an AER capability of their own.")]
    public bool VfAer { get; private set; }

    [Key("load_latency", "Time the device takes to answer a load.")]
    public Sim.Core.SimDuration LoadLatency { get; private set; } = new(300_000_000);
}

public enum LinkCost
{
    [Word("standard", "TLPs with their framing")] Standard,
    [Word("dllp-overhead", "the same, on the rate that acknowledgements, credit updates and SKP ordered sets leave")] DllpOverhead,
    [Word("published-baseline", "24 bytes for a request and 20 for a completion besides the payload, on that rate")] PublishedBaseline,
}

public enum DeviceModel
{
    [Word("mlx5", "a NIC with the mlx5 programming interface: doorbells, queues, MSI-X, VHCA suspend, save and load")] Mlx5,
    [Word("dma-queue", "a simple queue device without a stop of its own: a doorbell starts DMA")] DmaQueue,
    [Word("traffic", "a DMA traffic generator: reads, writes or both, of one size, in a window of addresses")] Traffic,
    [Word("plain", "registers and one DMA engine, with the policies written in the script")] Plain,
    [Word("fragile", "a queue device that any store to its stopped registers breaks")] Fragile,
    [Word("snapshot", "a queue device whose image is a snapshot, taken when it is stopped; it can send a first image")] Snapshot,
    [Word("passive", "registers without DMA, which go on taking stores when stopped")] Passive,
    [Word("forwarder", "forwards stores from a finite FIFO to memory; suspended as initiator it has to keep them")] Forwarder,
}

public enum MigrationCommand
{
    [Word("none", "none fails")] None,
    [Word("suspend-initiator", "stopping to initiate fails")] SuspendInitiator,
    [Word("suspend-responder", "stopping to respond (the freeze) fails")] SuspendResponder,
    [Word("save", "saving the image fails")] Save,
    [Word("load", "loading an image fails")] Load,
}

public enum SuspendedDoorbell
{
    [Word("remember", "it is served when the initiator runs again")] Remember,
    [Word("discard", "it is lost")] Discard,
}

public enum SuspendedInterrupt
{
    [Word("hold", "it is pending until the initiator runs again")] Hold,
    [Word("send", "it is sent: only with the responder do interrupts stop")] Send,
}

public enum FullFifo
{
    [Word("hold", "the TLP stays in the ingress buffer, and its credits do not return")] Hold,
    [Word("drop", "the store is accepted and what does not fit is dropped")] Drop,
    [Word("hold-in-time", "held, but for no longer than a Completer may (10 us); then dropped until there is room")] HoldInTime,
}

public enum StoppedStore
{
    [Word("discard", "the store is accepted and has no effect")] Discard,
    [Word("unsupported-request", "the Function handles the Request as an Unsupported Request")] UnsupportedRequest,
    [Word("completer-abort", "the Function handles the Request as a Completer Abort")] CompleterAbort,
    [Word("unfenced", "the registers take the store: state that is being saved changes")] Unfenced,
    [Word("restart", "unfenced, and a store to the doorbell makes the device work again")] Restart,
}

public enum StoppedLoad
{
    [Word("garbage", "a successful Completion with data that means nothing")] Garbage,
    [Word("all-ones", "a successful Completion of all ones")] AllOnes,
    [Word("stale", "a successful Completion with the last value; the load has no side effect")] Stale,
    [Word("unfenced", "a successful Completion of the register, with the load's side effects")] Unfenced,
    [Word("unsupported-request", "a Completion with status Unsupported Request")] UnsupportedRequest,
    [Word("completer-abort", "a Completion with status Completer Abort")] CompleterAbort,
    [Word("no-completion", "nothing: the requester's completion timeout ends it")] NoCompletion,
}
