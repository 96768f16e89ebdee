using System.Numerics;
using Sim.Core;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Topology;

/// <summary>What firmware and the PCI core of the operating system set while they enumerate.</summary>
public sealed record EnumerationPolicy
{
    /// <summary>First address for 32-bit memory BARs and windows.</summary>
    public ulong MemoryBase { get; init; } = 0xC000_0000;

    /// <summary>First address for 64-bit prefetchable BARs and windows.</summary>
    public ulong PrefetchableBase { get; init; } = 0x40_0000_0000;

    /// <summary>First address for I/O BARs and windows.</summary>
    public uint IoBase { get; init; } = 0x1000;

    /// <summary>Bridge Control.SERR# Enable of every bridge: firmware sets it nearly everywhere; without it no ERR_ Message passes
    /// (§7.5.1.3.13).</summary>
    public bool BridgeSerrEnable { get; init; } = true;

    /// <summary>Whether every Resizable BAR (§7.8.6) gets its largest size before addresses are assigned, as firmware with "Re-Size BAR
    /// Support" does; otherwise it keeps its default.</summary>
    public bool LargestBars { get; init; }

    /// <summary>Largest Max_Payload_Size to set, in bytes; what every function on the way supports limits it further.</summary>
    public int MaxPayloadSize { get; init; } = 256;

    /// <summary>Max_Read_Request_Size to set, in bytes.</summary>
    public int MaxReadRequestSize { get; init; } = 512;
}

/// <summary>
/// Finds and sets up every function by configuration requests alone, as firmware and an operating system do: bus numbers, BAR sizes and
/// addresses, bridge windows, Max_Payload_Size, Memory Space Enable and Bus Master Enable.
/// </summary>
public sealed class Enumerator
{
    private const int PciExpress = 0x10;
    private const int SriovId = 0x10;
    private const int AriId = 0x0E;
    private const int ResizableBarId = 0x15;
    private const ulong WindowAlignment = 1UL << 20;
    private const ulong IoWindowAlignment = 1UL << 12;
    private const uint AriForwardingEnable = 1 << 5;
    private const uint AriCapableHierarchy = 1 << 4;
    private const int RetryLimit = 200;
    private static readonly SimDuration RetryDelay = SimDuration.FromMilliseconds(5);
    private static readonly SimDuration VfEnableDelay = SimDuration.FromMilliseconds(100);

    private readonly RootComplex _root;
    private readonly EnumerationPolicy _policy;
    private byte _lastBus;
    private ulong _memory;
    private ulong _prefetchable;
    private ulong _io;
    private int _maxPayload;

    private Enumerator(RootComplex root, EnumerationPolicy policy)
    {
        _root = root;
        _policy = policy;
        _memory = policy.MemoryBase;
        _prefetchable = policy.PrefetchableBase;
        _io = policy.IoBase;
        _maxPayload = policy.MaxPayloadSize;
    }

    /// <summary>Enumerates the hierarchy.</summary>
    /// <returns>The functions on bus 0, each with what is below it.</returns>
    public static async Task<IReadOnlyList<DiscoveredFunction>> EnumerateAsync(RootComplex root, EnumerationPolicy? policy = null)
    {
        var enumerator = new Enumerator(root, policy ?? new EnumerationPolicy());
        var top = await enumerator.ScanAsync(0, null, 32);
        foreach (var f in top) await enumerator.AssignAsync(f);
        foreach (var f in top) await enumerator.EnableAsync(f);
        return top;
    }

    /// <summary>Enables VFs of a PF: NumVFs, VF Enable, VF MSE, the wait of §9.3.3.3.1, Bus Master Enable of each VF.</summary>
    /// <exception cref="InvalidOperationException">The function has no SR-IOV capability or not so many VFs.</exception>
    public static async Task<IReadOnlyList<DiscoveredFunction>> EnableVfsAsync(RootComplex root, DiscoveredFunction pf, int count)
    {
        if (!pf.ExtendedOffsets.TryGetValue(SriovId, out var sriov))
            throw new InvalidOperationException($"{pf.Id} has no SR-IOV capability");
        if (count < 1 || count > pf.TotalVfs) throw new InvalidOperationException($"{pf.Id} has {pf.TotalVfs} VFs, not {count}");
        var ari = pf.Parent is { } above && above.CapabilityOffsets.TryGetValue(PciExpress, out var port)
            && ((await root.ConfigReadAsync(above.Id, port + 0x28, 2)).Value & AriForwardingEnable) != 0;
        await root.ConfigWriteAsync(pf.Id, sriov + 0x08, 2, ari ? AriCapableHierarchy : 0);
        await root.ConfigWriteAsync(pf.Id, sriov + 0x10, 2, (uint)count);
        await root.ConfigWriteAsync(pf.Id, sriov + 0x08, 2, 0b1001 | (ari ? AriCapableHierarchy : 0));
        await root.Sim.Delay(VfEnableDelay);
        var offset = (await root.ConfigReadAsync(pf.Id, sriov + 0x14, 2)).Value;
        var stride = (await root.ConfigReadAsync(pf.Id, sriov + 0x16, 2)).Value;
        var device = (await root.ConfigReadAsync(pf.Id, sriov + 0x1A, 2)).Value;
        var enumerator = new Enumerator(root, new EnumerationPolicy());
        var vfs = new List<DiscoveredFunction>();
        for (var i = 0; i < count; i++)
        {
            var id = new RoutingId((ushort)(pf.Id.Value + offset + (stride * (uint)i)));
            var vf = new DiscoveredFunction(id, pf.Parent)
            {
                PhysicalFunction = pf,
                VendorId = pf.VendorId,
                DeviceId = (ushort)device,
                ClassCode = pf.ClassCode,
                PortType = pf.PortType,
            };
            foreach (var bar in pf.VfBarList) vf.BarList.Add(bar with { Address = bar.Address + (bar.Size * (ulong)i) });
            await enumerator.ReadCapabilitiesAsync(vf);
            await root.ConfigWriteAsync(id, 0x04, 2, 0b100);
            pf.Parent?.ChildList.Add(vf);
            vfs.Add(vf);
        }

        return vfs;
    }

    private async Task<List<DiscoveredFunction>> ScanAsync(byte bus, DiscoveredFunction? parent, int devices)
    {
        var found = new List<DiscoveredFunction>();
        for (var device = 0; device < devices; device++)
        {
            var functions = 1;
            for (var number = 0; number < functions; number++)
            {
                var f = await ProbeAsync(RoutingId.Of(bus, device, number), parent);
                if (f is null) continue;
                found.Add(f);
                if (number == 0 && ((await ReadAsync(f, 0x0E, 1)) & 0x80) != 0) functions = 8;
            }
        }

        return found;
    }

    private async Task<DiscoveredFunction?> ProbeAsync(RoutingId id, DiscoveredFunction? parent)
    {
        var read = await _root.ConfigReadAsync(id, 0, 4);
        for (var i = 0; NotReady(read) && i < RetryLimit; i++)
        {
            // §2.3.1: a function that is not ready yet asks for a retry.
            await _root.Sim.Delay(RetryDelay);
            read = await _root.ConfigReadAsync(id, 0, 4);
        }

        if (read.Status != CompletionStatus.Successful || (read.Value & 0xFFFF) == 0xFFFF) return null;
        var f = new DiscoveredFunction(id, parent) { VendorId = (ushort)read.Value, DeviceId = (ushort)(read.Value >> 16) };

        // A configuration write tells the function its bus number before anything else is asked of it (§2.2.6.2).
        await WriteAsync(f, 0x04, 2, 0);
        f.ClassCode = await ReadAsync(f, 0x08, 4) >> 8;
        f.IsBridge = (await ReadAsync(f, 0x0E, 1) & 0x7F) == 1;
        await ReadCapabilitiesAsync(f);
        if (f.IsBridge) await ScanBridgeAsync(f);
        else await SizeBarsAsync(f);
        return f;
    }

    /// <summary>RRS, as status or, with Software Visibility, as the Vendor ID that stands for it (§2.3.2).</summary>
    private static bool NotReady(ConfigResult read) =>
        read.Status == CompletionStatus.RequestRetry || (read.Status == CompletionStatus.Successful && (read.Value & 0xFFFF) == 1);

    private async Task ScanBridgeAsync(DiscoveredFunction bridge)
    {
        const int rootPort = 4;
        if (bridge.PortType == rootPort)
        {
            // Root Control.Configuration RRS Software Visibility Enable, as Linux sets it.
            var root = bridge.CapabilityOffsets[PciExpress] + 0x1C;
            if ((await ReadAsync(bridge, root + 2, 2) & 1) != 0)
                await WriteAsync(bridge, root, 2, await ReadAsync(bridge, root, 2) | 1 << 4);
        }

        bridge.SecondaryBus = ++_lastBus;
        await WriteAsync(bridge, 0x18, 4, (uint)(bridge.Id.Bus | bridge.SecondaryBus << 8 | 0xFF << 16));

        // Behind a Root Port or Switch Downstream Port there is device 0 alone; a switch's internal bus has its downstream ports.
        const int upstreamPort = 5;
        var devices = bridge.PortType == upstreamPort ? 32 : 1;
        bridge.ChildList.AddRange(await ScanAsync(bridge.SecondaryBus, bridge, devices));
        await PrepareVirtualFunctionsAsync(bridge);
        await WriteAsync(bridge, 0x1A, 1, _lastBus);
    }

    /// <summary>ARI Forwarding Enable, without which Functions beyond 7 cannot be addressed (§6.13), and bus numbers for all the VFs that
    /// may come (§9.2.1.2).</summary>
    private async Task PrepareVirtualFunctionsAsync(DiscoveredFunction bridge)
    {
        var ari = bridge.ChildList.Any(c => c.ExtendedOffsets.ContainsKey(AriId));
        if (ari && bridge.CapabilityOffsets.TryGetValue(PciExpress, out var express))
            await WriteAsync(bridge, express + 0x28, 2, await ReadAsync(bridge, express + 0x28, 2) | AriForwardingEnable);
        foreach (var pf in bridge.ChildList)
        {
            if (pf.TotalVfs == 0) continue;
            var sriov = pf.ExtendedOffsets[SriovId];
            await WriteAsync(pf, sriov + 0x08, 2, ari ? AriCapableHierarchy : 0);
            await WriteAsync(pf, sriov + 0x10, 2, (uint)pf.TotalVfs);
            var offset = await ReadAsync(pf, sriov + 0x14, 2);
            var stride = await ReadAsync(pf, sriov + 0x16, 2);
            await WriteAsync(pf, sriov + 0x10, 2, 0);
            var last = (uint)pf.Id.Value + offset + (stride * (uint)(pf.TotalVfs - 1));
            _lastBus = (byte)Math.Max(_lastBus, Math.Min(last >> 8, byte.MaxValue));
        }
    }

    private async Task ReadCapabilitiesAsync(DiscoveredFunction f)
    {
        var at = (int)(await ReadAsync(f, 0x34, 1)) & 0xFC;
        while (at >= 0x40)
        {
            var header = await ReadAsync(f, at, 4);
            f.CapabilityOffsets.TryAdd((int)(header & 0xFF), at);
            at = (int)(header >> 8) & 0xFC;
        }

        if (!f.CapabilityOffsets.TryGetValue(PciExpress, out var express)) return;
        f.PortType = (int)(await ReadAsync(f, express + 2, 2) >> 4) & 0xF;
        at = 0x100;
        while (at >= 0x100)
        {
            var header = await ReadAsync(f, at, 4);
            if (header is 0 or uint.MaxValue) break;
            f.ExtendedOffsets.TryAdd((int)(header & 0xFFFF), at);
            at = (int)(header >> 20) & 0xFFC;
        }

        if (f.PhysicalFunction is not null) return;
        var supported = 128 << (int)(await ReadAsync(f, express + 4, 4) & 7);
        _maxPayload = Math.Min(_maxPayload, supported);
    }

    private async Task SizeBarsAsync(DiscoveredFunction f)
    {
        if (_policy.LargestBars && f.ExtendedOffsets.TryGetValue(ResizableBarId, out var resizable)) await EnlargeBarsAsync(f, resizable);
        f.BarList.AddRange(await SizeAsync(f, 0x10));
        if (!f.ExtendedOffsets.TryGetValue(SriovId, out var sriov)) return;
        f.TotalVfs = (int)await ReadAsync(f, sriov + 0x0E, 2);
        f.VfBarList.AddRange(await SizeAsync(f, sriov + 0x24));
    }

    /// <summary>Picks the largest size of each Resizable BAR, while Memory Space Enable is clear (§7.8.6).</summary>
    private async Task EnlargeBarsAsync(DiscoveredFunction f, int at)
    {
        var bars = (int)(await ReadAsync(f, at + 8, 4) >> 5 & 7);
        for (; bars > 0; bars--, at += 8)
        {
            var largest = BitOperations.Log2(await ReadAsync(f, at + 4, 4) >> 4);
            await WriteAsync(f, at + 8, 4, await ReadAsync(f, at + 8, 4) & ~0x3F00u | (uint)largest << 8);
        }
    }

    private async Task<List<DiscoveredBar>> SizeAsync(DiscoveredFunction f, int offset)
    {
        var bars = new List<DiscoveredBar>();
        for (var i = 0; i < 6; i++)
        {
            var at = offset + (i * 4);
            await WriteAsync(f, at, 4, uint.MaxValue);
            var low = await ReadAsync(f, at, 4);
            await WriteAsync(f, at, 4, 0);
            if (low == 0) continue;
            if ((low & 1) != 0)
            {
                bars.Add(new DiscoveredBar(i, 0, (~(low & ~3u) + 1) & 0xFFFF, false, false) { IsIo = true });
                continue;
            }

            var is64 = (low & 0b110) == 0b100;
            ulong mask = (low & ~0xFu) | 0xFFFF_FFFF_0000_0000;
            if (is64)
            {
                await WriteAsync(f, at + 4, 4, uint.MaxValue);
                mask = (low & ~0xFu) | (ulong)await ReadAsync(f, at + 4, 4) << 32;
                await WriteAsync(f, at + 4, 4, 0);
            }

            bars.Add(new DiscoveredBar(i, 0, ~mask + 1, is64, (low & 8) != 0));
            if (is64) i++;
        }

        return bars;
    }

    /// <summary>Places BARs and windows depth-first: a bridge's window is what was placed while its bus was visited.</summary>
    private async Task AssignAsync(DiscoveredFunction f)
    {
        if (!f.IsBridge)
        {
            await PlaceAsync(f, f.BarList, 0x10, 1);
            if (f.TotalVfs > 0) await PlaceAsync(f, f.VfBarList, f.ExtendedOffsets[SriovId] + 0x24, (ulong)f.TotalVfs);
            return;
        }

        _memory = Align(_memory, WindowAlignment);
        _prefetchable = Align(_prefetchable, WindowAlignment);
        _io = Align(_io, IoWindowAlignment);
        var (memory, prefetchable, io) = (_memory, _prefetchable, _io);
        foreach (var child in f.ChildList) await AssignAsync(child);
        _memory = Align(_memory, WindowAlignment);
        _prefetchable = Align(_prefetchable, WindowAlignment);
        _io = Align(_io, IoWindowAlignment);
        await WriteAsync(f, 0x1C, 2, io == _io ? 0x00F0 : (uint)(io >> 8) & 0xF0 | (uint)((_io - 1) >> 8 & 0xF0) << 8);
        await WriteAsync(f, 0x30, 4, (uint)(io >> 16) | (uint)((_io - 1) >> 16) << 16);
        await WriteAsync(f, 0x20, 4, Window(memory, _memory));
        await WriteAsync(f, 0x24, 4, Window(prefetchable, _prefetchable));
        await WriteAsync(f, 0x28, 4, (uint)(prefetchable >> 32));
        await WriteAsync(f, 0x2C, 4, (uint)((_prefetchable - 1) >> 32));
    }

    private async Task PlaceAsync(DiscoveredFunction f, List<DiscoveredBar> bars, int offset, ulong copies)
    {
        for (var i = 0; i < bars.Count; i++)
        {
            var bar = bars[i];
            ulong address;
            if (bar.IsIo)
            {
                address = Align(_io, bar.Size);
                _io = address + bar.Size;
            }
            else if (bar is { Is64: true, IsPrefetchable: true })
            {
                address = Align(_prefetchable, bar.Size);
                _prefetchable = address + (bar.Size * copies);
            }
            else
            {
                address = Align(_memory, bar.Size);
                _memory = address + (bar.Size * copies);
            }

            bars[i] = bar with { Address = address };
            await WriteAsync(f, offset + (bar.Index * 4), 4, (uint)address);
            if (bar.Is64) await WriteAsync(f, offset + (bar.Index * 4) + 4, 4, (uint)(address >> 32));
        }
    }

    private async Task EnableAsync(DiscoveredFunction f)
    {
        if (f.CapabilityOffsets.TryGetValue(PciExpress, out var express))
        {
            const uint payloadAndReadRequest = 0b111_0000_0000_0000 | 0b1110_0000;
            var control = await ReadAsync(f, express + 8, 2) & ~payloadAndReadRequest;
            control |= Encode(_maxPayload) << 5 | Encode(_policy.MaxReadRequestSize) << 12;
            await WriteAsync(f, express + 8, 2, control);
        }

        var usesIo = f.Subtree().Any(below => below.BarList.Exists(bar => bar.IsIo));
        await WriteAsync(f, 0x04, 2, usesIo ? 0b111u : 0b110);
        if (!f.IsBridge) return;
        if (_policy.BridgeSerrEnable) await WriteAsync(f, 0x3E, 2, await ReadAsync(f, 0x3E, 2) | 0b10);
        foreach (var child in f.ChildList) await EnableAsync(child);
    }

    private async ValueTask<uint> ReadAsync(DiscoveredFunction f, int offset, int size) =>
        (await _root.ConfigReadAsync(f.Id, offset, size)).Value;

    private async ValueTask WriteAsync(DiscoveredFunction f, int offset, int size, uint value) =>
        await _root.ConfigWriteAsync(f.Id, offset, size, value);

    private static ulong Align(ulong value, ulong alignment) => (value + alignment - 1) & ~(alignment - 1);

    private static uint Encode(int bytes) => (uint)System.Numerics.BitOperations.Log2((uint)bytes / 128);

    /// <summary>Base and limit registers of a window; an empty one is closed by a limit below its base (§7.5.1.3.8).</summary>
    private static uint Window(ulong from, ulong end) => from == end
        ? 0x0000_FFF0
        : (uint)(from >> 16) & 0xFFF0 | (uint)((end - 1) >> 16 & 0xFFF0) << 16;
}
