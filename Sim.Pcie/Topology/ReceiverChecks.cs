using Sim.Core;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Errors;
using Sim.Pcie.Links;
using Sim.Pcie.Spec;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Topology;

/// <summary>What a receiver makes of a TLP before it looks at what it asks.</summary>
internal enum Admission
{
    /// <summary>It goes on.</summary>
    Admitted,

    /// <summary>It goes on to somebody who must not use its data (§2.7.2).</summary>
    Poisoned,

    /// <summary>It ended here: malformed, or its ECRC is wrong.</summary>
    Discarded,
}

/// <summary>
/// The checks of every receiver (§2.3): malformed TLPs, TLP Prefixes, ECRC and poison, in the order of error precedence (§6.2.3.2.3). The
/// ordinary TLP is told from the others by a test of two header bits and of its length: see <see cref="Port.IsSuspicious"/>.
/// </summary>
internal sealed class ReceiverChecks
{
    private readonly Port _port;
    private readonly FabricCare _care;

    public ReceiverChecks(Port port)
    {
        _port = port;
        _care = FabricCare.Of(port.Sim);
    }

    /// <summary>Whether disabled bytes lie between enabled ones, which only a crafted request of one or two DWs has (§2.2.5).</summary>
    public bool HasHoles(in TlpHeader header)
    {
        if (!_care.IsDue || header.LengthDw > 2) return false;
        var enabled = ByteEnables.OfQuadword(in header);
        return (enabled & enabled + 1) != 0;
    }

    /// <summary>Takes the closer look; reports what it finds.</summary>
    /// <param name="tlp">The TLP.</param>
    /// <param name="maxPayload">Max_Payload_Size of the receiver, in bytes (§2.2.2).</param>
    /// <param name="from">Where it came in.</param>
    /// <param name="function">Whose error it is.</param>
    /// <param name="express">PCI Express capability of the receiver.</param>
    /// <param name="aer">AER of the receiver.</param>
    /// <param name="role">Ultimate, tolerant or intermediate receiver of poisoned data.</param>
    public Admission Look(
        in Tlp tlp, int maxPayload, LinkDirection from, Function function, PciExpressCapability express, AerCapability? aer,
        DetectingRole role)
    {
        ref readonly var header = ref tlp.Header;
        if (IsMalformed(in tlp, maxPayload, express))
        {
            _port.Routes.Show(_port, in header, "ends here: a Malformed TLP (§2.3)");
            function.Errors.Report(PcieError.MalformedTlp, header, role, PrefixesOf(in tlp));
            _port.Drop(in tlp, from);
            return Admission.Discarded;
        }

        if (header.Td && role != DetectingRole.IntermediateReceiver && aer is { EcrcCheckEnabled: true } && !_care.EcrcFits(in tlp))
        {
            _port.Routes.Show(_port, in header, "ends here: its ECRC is wrong (§2.7.1)");
            function.Errors.Report(PcieError.EcrcCheckFailed, header, role, PrefixesOf(in tlp));
            _port.Drop(in tlp, from);
            return Admission.Discarded;
        }

        if (_care.IsAwaited(in header) && role != DetectingRole.IntermediateReceiver)
        {
            _port.Routes.Show(_port, in header, "ends here: its exerciser waited for it");
            _port.Drop(in tlp, from);
            return Admission.Discarded;
        }

        if (!header.Poisoned || !header.HasData) return Admission.Admitted;
        function.Errors.Report(PcieError.PoisonedTlpReceived, header, role, PrefixesOf(in tlp));
        return Admission.Poisoned;
    }

    private bool IsMalformed(in Tlp tlp, int maxPayload, PciExpressCapability express)
    {
        ref readonly var header = ref tlp.Header;
        if (header.HasData && header.PayloadBytes > maxPayload) return true;
        if (tlp.Body is { } body)
        {
            if (_care.IsDue && !LengthFits(in header, body)) return true;
            if (body.PrefixCount > 0 && PrefixesAreMalformed(body, express)) return true;
        }

        return _care.IsDue && TlpCodec.Check(in header, out _) != TlpRule.None;
    }

    /// <summary>Whether the payload is as long as Length says (§2.3); a body without bytes is one whose content is not modelled.</summary>
    private static bool LengthFits(in TlpHeader header, TlpBody body) =>
        body.Length == 0 || body.Length == TlpWire.DataBytes(in header) || (header.HasData && body.Length == header.PayloadBytes);

    /// <summary>Local prefixes that nobody negotiated are malformed, and so are End-End prefixes where they are not supported
    /// (§2.2.10).</summary>
    private static bool PrefixesAreMalformed(TlpBody body, PciExpressCapability express)
    {
        var endEnd = 0;
        foreach (var dword in body.Prefixes)
        {
            var prefix = new TlpPrefix(dword);
            if (!prefix.IsEndEnd) return true;
            endEnd++;
        }

        return endEnd > 4 || !express.Options.EndEndTlpPrefix;
    }

    internal static uint[]? PrefixesOf(in Tlp tlp) => tlp.Body is { PrefixCount: > 0 } body ? body.Prefixes.ToArray() : null;
}

/// <summary>What the receivers of one simulation share: whether anything crafted was ever sent, and room to compute an ECRC in.</summary>
internal sealed class FabricCare
{
    private readonly List<(RoutingId Requester, int Tag)> _awaited = [];
    private readonly TlpBodyPool _bodies;
    private uint[]? _dwords;

    private FabricCare(Simulator sim) => _bodies = TlpBodyPool.Of(sim);

    /// <summary>A crafted TLP is or was on its way: receivers check everything.</summary>
    public bool IsDue { get; private set; }

    /// <summary>The one of a simulation.</summary>
    public static FabricCare Of(Simulator sim) => sim.Shared(static sim => new FabricCare(sim));

    /// <summary>From now on receivers check everything.</summary>
    public void Begin() => IsDue = _bodies.NeedCare = true;

    /// <summary>An exerciser waits for the Completions of a request that nobody else at its port knows of.</summary>
    public void Await(in TlpHeader request)
    {
        if (!_awaited.Contains((request.RequesterId, request.Tag))) _awaited.Add((request.RequesterId, request.Tag));
    }

    /// <summary>Whether a TLP is a Completion that an exerciser waits for.</summary>
    public bool IsAwaited(in TlpHeader header) =>
        _awaited.Count > 0 && header.IsCompletion && _awaited.Contains((header.RequesterId, header.Tag));

    /// <summary>Whether the digest that was sent is right; one that nobody computed is.</summary>
    public bool EcrcFits(in Tlp tlp)
    {
        if (tlp.Body is not { Ecrc: not 0 } body) return true;
        _dwords ??= new uint[TlpCodec.MaxDwords];
        var n = TlpWire.Write(in tlp, _dwords);
        return Ecrc.Compute(_dwords.AsSpan(0, n - 1)) == body.Ecrc;
    }
}
