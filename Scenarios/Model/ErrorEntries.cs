using Scenarios.Language;
using Sim.Pcie.Inject;

namespace Scenarios.Model;

/// <summary>A Function detects an error that nothing on the bus made.</summary>
public sealed class InjectEntry : TimelineEntry
{
    [Key("on", "The Function: a port, a device (its PF) or a VF.", Required = true)]
    public Reference On { get; private set; }

    [Key("error", "The error, as the registers or a kernel log name it: malformed-tlp, completion-timeout.", Required = true)]
    public Reference Error { get; private set; }

    [Key("header", "The TLP in error: its header DWs as a kernel log prints them.")]
    public string Header { get; private set; } = "";
}

/// <summary>The errors of an aer-inject file.</summary>
public sealed class AerInjectEntry : TimelineEntry
{
    [Key("text", "What an aer-inject file holds: AER, PCI_ID, COR_STATUS, UNCOR_STATUS, HEADER_LOG.")]
    public string Text { get; private set; } = "";

    [Key("file", "An aer-inject file, relative to the script, in place of 'text'.")]
    public string File { get; private set; } = "";

    /// <summary>The items, once the script was checked.</summary>
    internal IReadOnlyList<AerInjection> Items { get; set; } = [];

    /// <summary>Where an item is written: in the file, or in the script's text, of which the script's own line is known.</summary>
    internal SourcePosition PositionOf(AerInjection item) =>
        Path is null ? PositionOf("text") : new SourcePosition(Path, item.Line, 1);

    /// <summary>The file as it was found; null for a text.</summary>
    internal string? Path { get; set; }
}

/// <summary>Something goes wrong on a link, below the Transaction Layer.</summary>
public sealed class LinkFaultEntry : TimelineEntry
{
    [Key("on", "The Root Port or Downstream Port (switch.port) above the link.", Required = true)]
    public Reference On { get; private set; }

    [Key("fault", "What goes wrong.", Required = true)]
    public LinkFaultKind Fault { get; private set; }

    [Key("towards", "Which way the TLP goes that meets it.")]
    public LinkWay Towards { get; private set; }
}

/// <summary>A user writes a field of a Function's configuration space through its vfio device.</summary>
public sealed class WriteConfigEntry : TimelineEntry
{
    [Key("of", "The Function; an actor has opened it.", Required = true)]
    public FunctionName Of { get; private set; }

    [Key("field", "The field, as 'Command.Memory Space Enable'.", Required = true)]
    public string Field { get; private set; } = "";

    [Key("value", "What is written.", Required = true)]
    public ulong Value { get; private set; }
}

public enum LinkFaultKind
{
    [Word("receiver-error", "garbled symbols: Receiver Error, and the TLP comes again")] ReceiverError,
    [Word("bad-tlp", "an LCRC that does not fit: Bad TLP, and the TLP comes again")] BadTlp,
    [Word("bad-dllp", "a DLLP whose CRC does not fit: Bad DLLP")] BadDllp,
    [Word("lost-ack", "an Ack that does not come: Replay Timer Timeout at the transmitter")] LostAck,
    [Word("rollover", "four garbled TLPs in a row: REPLAY_NUM Rollover, and the link retrains")] Rollover,
    [Word("protocol", "an Ack for what was not sent: Data Link Protocol Error")] Protocol,
    [Word("flow-control", "an UpdateFC against the rules: Flow Control Protocol Error")] FlowControl,
    [Word("overflow", "a TLP for which there is no buffer: Receiver Overflow, and it is lost")] Overflow,
    [Word("down", "the link goes down and nobody ordered it: Surprise Down")] Down,
    [Word("up", "the link comes back")] Up,
}

public enum LinkWay
{
    [Word("device", "away from the Root Complex")] Device,
    [Word("root", "towards the Root Complex")] Root,
}
