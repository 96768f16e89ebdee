using Sim.Core;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Errors;
using Sim.Pcie.Links;
using Sim.Pcie.Spec;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Topology;

/// <summary>A message that reached the Root Complex.</summary>
public readonly record struct MessageArrival(RootPort Port, TlpHeader Header);

/// <summary>
/// The Root Complex: host memory, root ports on bus 0, and the CPU's way to the fabric. A CPU address goes to memory or to the root port
/// whose window claims it; a request from below goes through the translation agent to memory, to the interrupt controller or to a root
/// port.
/// </summary>
public sealed class RootComplex
{
    private static readonly SimDuration RetryInterval = SimDuration.FromMicroseconds(10);

    private readonly List<RootPort> _ports = [];
    private readonly RouteTrace _routes;

    /// <summary>Makes a Root Complex without ports.</summary>
    public RootComplex(Simulator sim, RootComplexOptions? options = null)
    {
        Sim = sim;
        Options = options ?? new RootComplexOptions();
        Memory = new HostMemory(sim, Options.MemorySize);
        Interrupts = new InterruptController(sim);
        _routes = RouteTrace.Of(sim);
    }

    /// <summary>The simulator.</summary>
    public Simulator Sim { get; }

    /// <summary>Costs and policies.</summary>
    public RootComplexOptions Options { get; }

    /// <summary>DRAM.</summary>
    public HostMemory Memory { get; }

    /// <summary>Where message-signalled interrupts end.</summary>
    public InterruptController Interrupts { get; }

    /// <summary>Root ports, in order of their device numbers on bus 0 (from 1 on).</summary>
    public IReadOnlyList<RootPort> RootPorts => _ports;

    /// <summary>The translation agent; null where upstream addresses are host physical addresses.</summary>
    public ITranslationAgent? TranslationAgent { get; set; }

    /// <summary>Every message that reached the Root Complex.</summary>
    public Probe<MessageArrival> Messages { get; } = new();

    /// <summary>Adds a root port with the next device number on bus 0.</summary>
    public RootPort AddRootPort(string name, RootPortOptions? options = null)
    {
        if (_ports.Count == 31) throw new InvalidOperationException("bus 0 has device numbers for 31 root ports");
        var port = new RootPort(this, name, options ?? new RootPortOptions(), _ports.Count + 1);
        _ports.Add(port);
        return port;
    }

    /// <summary>A CPU store of 1 to 64 bytes inside one 64-byte line. Posted: it has left the CPU when this returns.</summary>
    /// <returns>Whether anything claims the address; a store that nothing claims is dropped.</returns>
    public bool Store(ulong address, ReadOnlySpan<byte> data)
    {
        if (Memory.Contains(address, data.Length))
        {
            Memory.Write(address, data);
            return true;
        }

        if (PortOf(address) is not { } port) return false;
        var write = Tlps.MemoryWrite(HostRequester.Id, address, port.Bodies.Rent(data));
        write.Header.Dw0 |= port.Function.OriginBits;
        port.Transmitter.Send(in write, Sim.Now + Options.Latency, null);
        return true;
    }

    /// <summary>A CPU store of a little-endian value of 1, 2, 4 or 8 bytes.</summary>
    public bool Store(ulong address, ulong value, int bytes)
    {
        Span<byte> raw = stackalloc byte[8];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(raw, value);
        return Store(address, raw[..bytes]);
    }

    /// <summary>A CPU load of 1 to 8 bytes inside one naturally aligned quadword.</summary>
    public SimCompletion<CpuLoad> LoadAsync(ulong address, int bytes)
    {
        if (!Memory.Contains(address, bytes) && PortOf(address) is { } port)
            return port.Requester.Send(Tlps.MemoryRead(HostRequester.Id, 0, address, bytes), bytes);
        if (!Memory.Contains(address, bytes)) return Unclaimed();
        var result = new SimCompletion<CpuLoad>();
        result.Set(new CpuLoad(Memory.ReadValue(address, bytes), CompletionStatus.Successful, false, Sim.Now, Sim.Now)
        {
            Poisoned = Memory.IsPoisoned(address, bytes),
        });
        return result;
    }

    /// <summary>A configuration read of 1, 2 or 4 naturally aligned bytes: on bus 0 of a root port, elsewhere by CfgRd0 or CfgRd1
    /// (§7.2.2).</summary>
    public async ValueTask<ConfigResult> ConfigReadAsync(RoutingId id, int offset, int size)
    {
        var shift = (offset & 3) * 8;
        uint dword;
        if (id.Bus == 0)
        {
            await Sim.Delay(Options.Latency);
            if (RootPortAt(id) is not { } root) return new ConfigResult(uint.MaxValue, CompletionStatus.UnsupportedRequest);
            dword = root.Function.Config.Read(offset & ~3);
        }
        else
        {
            if (PortOfBus((byte)id.Bus) is not { } port) return new ConfigResult(uint.MaxValue, CompletionStatus.UnsupportedRequest);
            var type1 = id.Bus != port.Function.SecondaryBus;
            if (!type1 && !port.Function.ForwardsDevice(id)) return new ConfigResult(uint.MaxValue, CompletionStatus.UnsupportedRequest);
            var request = Tlps.ConfigRead(HostRequester.Id, 0, id, offset & ~3, ByteEnablesOf(offset, size), type1);
            var load = await port.Requester.Send(in request, 4);
            for (var retries = 0; load.Status == CompletionStatus.RequestRetry && retries < Options.ConfigurationRetries; retries++)
            {
                // §2.3.2: RRS becomes a Vendor ID that nobody has where software asked to see it, else a new Request.
                if (offset == 0 && size >= 2 && port.Function.Express.RrsSoftwareVisibilityEnabled)
                    return new ConfigResult(0xFFFF_0001 & (uint)((1UL << (size * 8)) - 1), CompletionStatus.Successful);
                await Sim.Delay(RetryInterval);
                load = await port.Requester.Send(in request, 4);
            }

            if (!load.Succeeded) return new ConfigResult(uint.MaxValue, load.Status);
            dword = (uint)load.Value;
        }

        return new ConfigResult((dword >> shift) & (uint)((1UL << (size * 8)) - 1), CompletionStatus.Successful);
    }

    /// <summary>A configuration write of 1, 2 or 4 naturally aligned bytes; non-posted, so the status comes back.</summary>
    public async ValueTask<CompletionStatus> ConfigWriteAsync(RoutingId id, int offset, int size, uint value)
    {
        var dword = value << ((offset & 3) * 8);
        if (id.Bus == 0)
        {
            await Sim.Delay(Options.Latency);
            if (RootPortAt(id) is not { } root) return CompletionStatus.UnsupportedRequest;
            root.Function.Config.WriteDword(offset & ~3, dword, (uint)ByteEnablesOf(offset, size));
            return CompletionStatus.Successful;
        }

        if (PortOfBus((byte)id.Bus) is not { } port) return CompletionStatus.UnsupportedRequest;
        var type1 = id.Bus != port.Function.SecondaryBus;
        if (!type1 && !port.Function.ForwardsDevice(id)) return CompletionStatus.UnsupportedRequest;
        for (var retries = 0; ; retries++)
        {
            var request = Tlps.ConfigWrite(
                HostRequester.Id, 0, id, offset & ~3, port.Bodies.RentDword(dword), ByteEnablesOf(offset, size), type1);
            var status = (await port.Requester.Send(in request, 4)).Status;
            if (status != CompletionStatus.RequestRetry || retries >= Options.ConfigurationRetries) return status;
            await Sim.Delay(RetryInterval);
        }
    }

    /// <summary>A CPU's IN of 1, 2 or 4 bytes inside one DW of I/O space; all ones where nothing claims the address.</summary>
    public SimCompletion<CpuLoad> InAsync(uint address, int bytes)
    {
        if (PortOfIo(address) is { } port)
            return port.Requester.Send(Tlps.IoRead(HostRequester.Id, 0, address, ByteEnablesOf((int)address, bytes)), bytes);
        return Unclaimed();
    }

    /// <summary>A CPU's OUT of 1, 2 or 4 bytes inside one DW of I/O space; non-posted, so its end can be awaited.</summary>
    public SimCompletion<CpuLoad> OutAsync(uint address, int bytes, uint value)
    {
        if (PortOfIo(address) is not { } port) return Unclaimed();
        var body = port.Bodies.RentDword(value << (int)(address & 3) * 8);
        return port.Requester.Send(Tlps.IoWrite(HostRequester.Id, 0, address, body, ByteEnablesOf((int)address, bytes)), 4);
    }

    /// <summary>The root port whose open window claims a memory address.</summary>
    public RootPort? PortOf(ulong address)
    {
        foreach (var port in _ports)
        {
            if (port.Function.Claims(address)) return port;
        }

        return null;
    }

    private SimCompletion<CpuLoad> Unclaimed()
    {
        var result = new SimCompletion<CpuLoad>();
        result.Set(new CpuLoad(ulong.MaxValue, CompletionStatus.UnsupportedRequest, false, Sim.Now, Sim.Now));
        return result;
    }

    private RootPort? PortOfIo(uint address)
    {
        foreach (var port in _ports)
        {
            if (port.Function.ClaimsIo(address)) return port;
        }

        return null;
    }

    /// <summary>A memory (or other) request from below, past the root port's own checks.</summary>
    internal void ReceiveRequest(RootPort port, in Tlp tlp, LinkDirection from)
    {
        ref readonly var header = ref tlp.Header;
        if (!header.IsMemoryRead && !header.IsMemoryWrite && !header.IsAtomicOp)
        {
            // No DMWr or I/O completer capability is announced: Unsupported Request (§6.32, §2.3.1).
            port.Refuse(in tlp, from, port.Function, PcieError.UnsupportedRequest, CompletionStatus.UnsupportedRequest);
            return;
        }

        if (Options.PeersBypassTranslation && header.At == AddressType.Untranslated
            && (port.Function.Acs & AcsFeatures.RequestRedirect) == 0 && PortOf(header.Address) is { } neighbour && neighbour != port)
        {
            if (_routes.IsObserved)
                _routes.Show(port, in header, "peer-to-peer around the translation agent (ACS P2P Request Redirect is clear) to", neighbour,
                    port.Function.DescribeAcs(AcsFeatures.RequestRedirect, null));
            Perform(port, in tlp, from, Translation.To(header.FirstByteAddress));
            return;
        }

        if (TranslationAgent is { } agent) port.Gate.Receive(agent, in tlp, from);
        else Perform(port, in tlp, from, Translation.To(header.FirstByteAddress));
    }

    /// <summary>A request from below whose translation is known and whose turn it is.</summary>
    internal void Perform(RootPort port, in Tlp tlp, LinkDirection from, in Translation translation)
    {
        ref readonly var header = ref tlp.Header;
        var isWrite = header.IsMemoryWrite;
        var address = header.FirstByteAddress;
        var bytes = header.IsAtomicOp ? AtomicOps.OperandBytes(in header) : header.EnabledBytes;
        if (_routes.IsObserved) ShowTranslation(port, in header, in translation);
        if (!translation.Permitted)
        {
            // The agent recorded the fault; for the link a blocked read is UR and a blocked write vanishes (§10.2.3).
            port.RefuseSilently(in tlp, from, port.Function, CompletionStatus.UnsupportedRequest);
        }
        else if (isWrite && InterruptController.IsInterrupt(address))
        {
            if (header.Poisoned || tlp.Body is null)
            {
                port.Drop(in tlp, from); // a control structure: poison must not reach it (§2.7.2.1)
                return;
            }


            if (_routes.IsObserved) _routes.Show(port, in header, "ends here: an interrupt (§6.1.4)");
            var data = TranslationAgent is null ? tlp.Body!.Dword : translation.Data;
            var requester = header.RequesterId;
            port.Drop(in tlp, from);
            Interrupts.Deliver(requester, data);
        }
        else if (Memory.Contains(translation.Address, bytes))
        {
            if (_routes.IsObserved) ShowMemory(port, in header, translation.Address);
            var ready = Sim.Now + Options.MemoryLatency + translation.Latency;
            if (header.IsMemoryRead)
            {
                port.CompleteRead(
                    in header, port.Function, Memory, translation.Address, bytes,
                    port.Function.MaxPayloadSize, port.Options.ReadCompletionBoundary, ready, Memory.HasPoison ? Memory : null);
            }
            else if (isWrite)
            {
                WriteMemory(port, in tlp, translation.Address);
            }
            else if (!AtomicMemoryOp(port, in tlp, translation.Address, bytes, ready))
            {
                port.Refuse(in tlp, from, port.Function, PcieError.UnsupportedRequest, CompletionStatus.UnsupportedRequest);
                return;
            }

            port.Drop(in tlp, from);
        }
        else if (Options.PeerToPeer != RootPeerToPeer.Reject && PortOf(translation.Address) is { } peer)
        {
            ForwardToPeer(port, peer, in tlp, from, in translation);
        }
        else
        {
            if (_routes.IsObserved) ShowNoWay(port, in header, translation.Address);
            port.Refuse(in tlp, from, port.Function, PcieError.UnsupportedRequest, CompletionStatus.UnsupportedRequest);
        }
    }

    private void WriteMemory(RootPort port, in Tlp tlp, ulong address)
    {
        if (tlp.Body is not { } body) return;
        var data = body.Bytes;
        if (!port.Checks.HasHoles(in tlp.Header))
        {
            Memory.Write(address, data, tlp.Header.RequesterId);
        }
        else
        {
            // Byte enables with holes: the bytes between keep their value (§2.2.5).
            var enabled = ByteEnables.OfQuadword(in tlp.Header);
            for (var i = 0; i < data.Length; i++)
            {
                if ((enabled >> i & 1) != 0) Memory.Write(address + (ulong)i, data.Slice(i, 1), tlp.Header.RequesterId);
            }
        }

        if (tlp.Header.Poisoned && Options.PoisonedWrites == PoisonedMemoryWrite.Poison) Memory.Poison(address, data.Length);
    }

    /// <summary>An AtomicOp on host memory (§6.15); false if the port announces no completer for the operand.</summary>
    private bool AtomicMemoryOp(RootPort port, in Tlp tlp, ulong address, int bytes, SimTime ready)
    {
        if (!AtomicOps.Covers(port.Function.Express.Options.AtomicOpCompleter, bytes) || tlp.Body is not { } body) return false;
        Span<byte> old = stackalloc byte[AtomicOps.MaxOperandBytes];
        Span<byte> next = stackalloc byte[AtomicOps.MaxOperandBytes];
        Memory.Read(address, old[..bytes]);
        if (AtomicOps.Compute(tlp.Header.Type, body.Bytes, old[..bytes], next[..bytes]))
            Memory.Write(address, next[..bytes], tlp.Header.RequesterId);
        port.CompleteAtomicOp(in tlp.Header, port.Function, old[..bytes], ready);
        return true;
    }

    /// <summary>Between root ports, or back out of the same one, as the platform's policy has it (§1.3.1).</summary>
    private void ForwardToPeer(RootPort port, RootPort peer, in Tlp tlp, LinkDirection from, in Translation translation)
    {
        if (tlp.Header.IsAtomicOp && peer.BlocksAtomicOps(out var error))
        {
            if (_routes.IsObserved)
                _routes.Show(port, in tlp.Header, "AtomicOps are not let out (§6.15.2) by", peer);
            if (error is { } blocked) peer.Function.Errors.Report(blocked, tlp.Header);
            else port.Function.Errors.Report(PcieError.UnsupportedRequest, tlp.Header);
            port.RefuseSilently(in tlp, from, port.Function, CompletionStatus.UnsupportedRequest);
            return;
        }

        if (BlocksPoison(port, peer, in tlp))
        {
            port.RefuseSilently(in tlp, from, peer.Function, CompletionStatus.UnsupportedRequest);
            return;
        }

        if (peer != port
            && AcsRules.OfRequest(port.Function.Acs, port.Function.BlocksEgressTo(peer.Function), tlp.Header.At) == AcsRoute.Blocked)
        {
            if (_routes.IsObserved)
                _routes.Show(port, in tlp.Header, "blocked by ACS P2P Egress Control towards", peer,
                    port.Function.DescribeAcs(AcsRules.Peer, peer.Function));
            port.Refuse(in tlp, from, port.Function, PcieError.AcsViolation, CompletionStatus.CompleterAbort);
            return;
        }

        var ready = Sim.Now + Options.Latency + translation.Latency;
        if (Options.PeerToPeer == RootPeerToPeer.Forward)
        {
            var forwarded = tlp;
            forwarded.Header.Readdress(translation.Address);
            if (_routes.IsObserved)
                _routes.Show(port, in tlp.Header, "peer-to-peer through the Root Complex: forwarded to", peer,
                    peer.Function.Window(translation.Address), forwarded.Header);
            peer.Transmitter.Send(in forwarded, ready, from);
            return;
        }

        if (_routes.IsObserved)
            _routes.Show(port, in tlp.Header, "peer-to-peer through the Root Complex: re-segmented, under the Requester ID of", peer,
                peer.Function.Window(translation.Address));
        var target = translation.Address;
        if (tlp.Header.IsMemoryWrite) peer.Peers.Write(in tlp, from, target, ready);
        else peer.Peers.Request(port, in tlp, from, target);
    }

    /// <summary>DPC's Poisoned TLP Egress Blocking at the port that a TLP would leave by: that port reports it (§6.2.11.5).</summary>
    private bool BlocksPoison(RootPort port, RootPort egress, in Tlp tlp)
    {
        if ((egress.Function.Blocks & EgressBlocking.Poisoned) == 0 || !tlp.Header.Poisoned || !tlp.Header.HasData) return false;
        _routes.Show(port, in tlp.Header, "poisoned, and not let out by", egress);
        egress.Function.Errors.Report(PcieError.PoisonedTlpEgressBlocked, tlp.Header, prefixes: ReceiverChecks.PrefixesOf(in tlp));
        return true;
    }

    private void ShowMemory(RootPort port, in TlpHeader header, ulong address) =>
        _routes.Show(port, in header, $"ends here: host memory at 0x{address:x}");

    private void ShowNoWay(RootPort port, in TlpHeader header, ulong address)
    {
        var peer = PortOf(address);
        var text = peer is null
            ? $"neither memory nor a Root Port's window has 0x{address:x}"
            : "the Root Complex takes no peer-to-peer requests (§1.3.1), and this one is for";
        _routes.Show(port, in header, text, peer, peer?.Function.Window(address));
    }

    private void ShowTranslation(RootPort port, in TlpHeader header, in Translation translation)
    {
        if (TranslationAgent is null || header.At == AddressType.Untranslated && Options.PeersBypassTranslation
            && PortOf(header.Address) is not null && translation.Address == header.FirstByteAddress) return;
        _routes.Show(port, in header, !translation.Permitted ? "refused by the translation agent"
            : $"the translation agent makes 0x{translation.Address:x} of 0x{header.FirstByteAddress:x}");
    }

    internal void ReceiveCompletion(RootPort port, in Tlp tlp, LinkDirection from)
    {
        if (!port.Gate.HoldsCompletion(in tlp, from)) PassCompletion(port, in tlp, from);
    }

    internal void PassCompletion(RootPort port, in Tlp tlp, LinkDirection from)
    {
        ref readonly var header = ref tlp.Header;
        if (header.RequesterId == HostRequester.Id)
        {
            if (_routes.IsObserved) _routes.Show(port, in header, "ends here: the CPU's");
            from.ReturnCredits(in tlp, Sim.Now);
            port.Requester.OnCompletion(in header, tlp.Body);
            port.Release(in tlp);
        }
        else if (header.RequesterId == port.Function.Id)
        {
            if (_routes.IsObserved)
                _routes.Show(port, in header, "taken by the Root Complex, for the Requester whose request it took over");
            from.ReturnCredits(in tlp, Sim.Now);
            port.Peers.OnCompletion(in tlp);
            port.Release(in tlp);
        }
        else if (PortOfBus((byte)header.RequesterId.Bus) is { } peer)
        {
            if (_routes.IsObserved)
                _routes.Show(port, in header, "routed by ID: its Requester's bus is below", peer, peer.Function.DescribeBuses());
            if (BlocksPoison(port, peer, in tlp))
            {
                port.Drop(in tlp, from);
                return;
            }

            peer.Transmitter.Send(in tlp, Sim.Now + Options.Latency, from);
        }
        else
        {
            port.Function.Errors.Report(PcieError.UnexpectedCompletion, header);
            port.Drop(in tlp, from);
        }
    }

    internal void EmitMessage(RootPort port, in Tlp tlp)
    {
        if (Messages.IsObserved) Messages.Emit(Sim.Now, new MessageArrival(port, tlp.Header));
    }

    private static int ByteEnablesOf(int offset, int size) => ((1 << size) - 1) << (offset & 3);

    private RootPort? PortOfBus(byte bus)
    {
        foreach (var port in _ports)
        {
            if (port.Function.ClaimsBus(bus)) return port;
        }

        return null;
    }

    private RootPort? RootPortAt(RoutingId id) =>
        id.Function == 0 && id.Device >= 1 && id.Device <= _ports.Count ? _ports[id.Device - 1] : null;
}
