using System.Buffers.Binary;
using System.Globalization;
using Scenarios.Model;
using Scenarios.Results;
using Sim.Pcie.Inject;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;
using Sim.Pcie.Transactions;
using FabricTlp = Sim.Pcie.Transactions.Tlp;

namespace Scenarios.Platforms;

/// <summary>Plays the entries of a timeline that put a TLP on the wire, and tells the way of each.</summary>
internal sealed class TlpPlayer(Machine machine, Recorder recorder)
{
    // Each path that is followed watches every link.
    private const int MostPaths = 16;

    // No engine of a device gives out its highest tags first.
    private const int HighestTag = 0xFF;

    private readonly NameBook _names = new(machine);
    private readonly List<(string Title, TlpPath Path)> _sent = [];

    /// <summary>The ways of the TLPs that were sent, as far as they got by now.</summary>
    public IReadOnlyList<RoutePath> Paths =>
    [
        .. _sent.Select(s => new RoutePath(s.Title, s.Path.Way(p => p.Name), [.. s.Path.Steps.Select(Told)])),
    ];

    public void Send(SendTlpEntry entry)
    {
        recorder.Count($"TLPs sent from {entry.From}");
        if (PortOf(entry) is not { } port)
        {
            recorder.Count($"TLPs from {entry.From} to addresses that no Root Port claims");
            return;
        }

        var tlp = entry.Dws.Length > 0 ? TlpInjector.Make(port, Dws(entry.Dws)) : Make(entry, port);
        if (_sent.Count < MostPaths)
        {
            // What is sent again is told once: its second hops are no part of the first one's way.
            foreach (var (_, earlier) in _sent.Where(s => IsAlike(s.Path.Request, tlp.Header))) earlier.Dispose();
            var title = $"{_names.Describe(in tlp.Header)}, sent by {port.Name}";
            _sent.Add((title, new TlpPath(machine.Links, port, in tlp.Header)));
        }

        TlpInjector.SendAwaited(port, in tlp);
    }

    private static bool IsAlike(TlpHeader one, TlpHeader other) =>
        (one.Type, one.RequesterId, one.Tag) == (other.Type, other.RequesterId, other.Tag);

    /// <summary>Parses the DWs of a TLP; null if they are none, or too few for a header.</summary>
    public static uint[]? Dws(string text)
    {
        var words = text.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 3 || words.Length > TlpCodec.MaxDwords) return null;
        var dws = new uint[words.Length];
        for (var i = 0; i < words.Length; i++)
        {
            if (words[i].Length > 8 || !uint.TryParse(words[i], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out dws[i]))
                return null;
        }

        return dws;
    }

    private FabricTlp Make(SendTlpEntry entry, Port port)
    {
        var requester = entry.Requester is { } named ? machine.FunctionOf(named.Name).Id
            : port is RootPort or SwitchPort { IsUpstream: false } ? default
            : machine.FunctionOf(entry.From.Name).Id;
        var address = machine.AddressOf(entry.To!.Value);
        var bytes = (int)entry.Bytes.Bytes;
        var attributes = entry.Relaxed ? TlpAttributes.RelaxedOrdering : TlpAttributes.None;
        var at = (AddressType)entry.AddressType;
        var operands = entry.Type == RequestKind.CompareAndSwap ? 2 * bytes : bytes;
        var tag = HighestTag - _sent.Count;
        var tlp = entry.Type switch
        {
            RequestKind.MRd => Tlps.MemoryRead(requester, tag, address, bytes, attributes, at: at),
            RequestKind.MWr => Tlps.MemoryWrite(requester, address, Body(port, entry.Value, bytes), attributes, at: at, tag: tag),
            _ => Tlps.AtomicOp(TypeOf(entry.Type), requester, tag, address, Body(port, entry.Value, operands), attributes, at: at),
        };
        tlp.Header.Poisoned = entry.Poisoned;
        return tlp;
    }

    /// <summary>A payload: the value, little-endian, and zeros.</summary>
    private static TlpBody Body(Port port, ulong value, int bytes)
    {
        Span<byte> data = stackalloc byte[Math.Max(8, bytes)];
        data.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(data, value);
        return port.Bodies.Rent(data[..bytes]);
    }

    private static TlpType TypeOf(RequestKind kind) => kind switch
    {
        RequestKind.FetchAdd => TlpType.FetchAdd,
        RequestKind.Swap => TlpType.Swap,
        _ => TlpType.CAS,
    };

    private Port? PortOf(SendTlpEntry entry)
    {
        if (entry.From.Name != "cpu") return machine.PortOf(entry.From.Name);
        return entry.To is { } to ? machine.Root.PortOf(machine.AddressOf(to)) : machine.Root.RootPorts[0];
    }

    private ChainStep Told(PathStep step)
    {
        var header = step.Header;
        var what = step.Text is not { } text ? $"takes in {_names.Describe(in header)}"
            : step.Towards is null ? text : $"{text} {step.Towards.Name}";
        return new ChainStep(recorder.Relative(step.Time), step.At.Name, what, [.. step.Bits.Select(b => recorder.Deciding(b, what))]);
    }
}
