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
