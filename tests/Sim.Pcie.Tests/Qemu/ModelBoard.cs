using NUnit.Framework;
using Sim.Core;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Config;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Errors;
using Sim.Pcie.Links;
using Sim.Pcie.Spec;
using Sim.Pcie.Tests.Config;
using Sim.Pcie.Topology;

namespace Sim.Pcie.Tests.Qemu;

/// <summary>The board in our model, with the options that QEMU's ports and devices announce.</summary>
internal sealed class ModelBoard : IBoard
{
    private readonly Simulator _sim = new();
    private readonly RootComplex _root;
    private readonly Dictionary<string, Function> _functions = [];

    public ModelBoard()
    {
        _root = new RootComplex(_sim, new() { MemorySize = 64 << 20 });
        var port = new RootPortOptions
        {
            MaxPayloadSupported = 128,
            ExtendedTag = false,
            CompletionTimeoutRanges = 0,
            CompletionTimeoutDisable = false,
            HeaderRecords = 8,
            Dpc = false,
        };
        var (rp0, rp1) = (_root.AddRootPort("rp0", port), _root.AddRootPort("rp1", port with { Acs = false }));
        var sw = new Switch(_sim, "sw", 3, new() { MaxPayloadSupported = 128, HeaderRecords = 8, Acs = false, Dpc = false });
        Link.Connect(rp0, sw.Upstream, LinkSpeed.Gen1, LinkWidth.X1);
        Connect(sw.Downstream[0], "nic0", Nic("nic0"));
        Connect(sw.Downstream[1], "shm", SharedMemory());
        Connect(sw.Downstream[2], "rng", Nic("rng"));
        Connect(rp1, "nic1", Nic("nic1"));
        (_functions["rp0"], _functions["rp1"], _functions["up"]) = (rp0.Function, rp1.Function, sw.Upstream.Function);
        for (var i = 0; i < sw.Downstream.Count; i++) _functions[$"d{i}"] = sw.Downstream[i].Function;
    }

    public bool SwapsHeaderLog => false;

    public uint ReadConfig(RoutingId id, int offset, int size)
    {
        var result = Run(async () => await _root.ConfigReadAsync(id, offset, size));
        return result.Status == CompletionStatus.Successful ? result.Value : uint.MaxValue >> (32 - 8 * size);
    }

    public void WriteConfig(RoutingId id, int offset, int size, uint value) =>
        Run(async () => await _root.ConfigWriteAsync(id, offset, size, value));

    public uint? ReadMemory(ulong address)
    {
        var load = Run(async () => await _root.LoadAsync(address, 4));
        return load.Succeeded ? (uint)load.Value : null;
    }

    public void WriteMemory(ulong address, uint value)
    {
        _root.Store(address, value, 4);
        _sim.Run();
    }

    public uint? In(uint port)
    {
        var load = Run(async () => await _root.InAsync(port, 4));
        return load.Succeeded ? (uint)load.Value : null;
    }

    public void Out(uint port, uint value) => Run(async () => await _root.OutAsync(port, 4, value));

    public void Inject(string function, PcieError error, TlpHeader? header, bool advisory)
    {
        var cases = ErrorTable.Of(error).Advisory;
        var role = !advisory ? DetectingRole.UltimateReceiver
            : (cases & AdvisoryCases.RetryingRequester) != 0 ? DetectingRole.RetryingRequester
            : (cases & AdvisoryCases.TolerantReceiver) != 0 ? DetectingRole.TolerantReceiver
            : DetectingRole.UltimateReceiver;
        _functions[function].Errors.Report(error, header, role);
        _sim.Run();
    }

    public void Dispose()
    {
    }

    private static EndpointConfig Nic(string name)
    {
        var config = new ConfigSpace(name);
        var header = Type0Header.Add(config, new(0x8086, 0x10D3, 0x020000) { InterruptPin = 1 },
            new(0, BarKind.Memory32, 0x2_0000), new(1, BarKind.Memory32, 0x2_0000), new(2, BarKind.Io, 32),
            new(3, BarKind.Memory32, 0x4000));
        var express = PciExpressCapability.Add(config, 0xE0 - 0x20, new(PciePortType.Endpoint)
        {
            MaxPayloadSupported = 128,
            ExtendedTag = false,
            CompletionTimeoutRanges = 0,
            CompletionTimeoutDisable = false,
        });
        return new(config, header, express) { Aer = AerCapability.Add(config, 0x100, new() { Errors = AerOptions.PortErrors }) };
    }

    private static EndpointConfig SharedMemory()
    {
        var config = new ConfigSpace("shm");
        var header = Type0Header.Add(config, new(0x1AF4, 0x1110, 0x050000) { InterruptPin = 1 },
            new(0, BarKind.Memory32, 0x100), new(2, BarKind.Memory64Prefetchable, 1 << 20));
        return new(config, header, PciExpressCapability.Add(config, 0x60, new(PciePortType.Endpoint)));
    }

    private void Connect(Port port, string name, EndpointConfig layout)
    {
        var device = new PcieDevice(_sim, name);
        Link.Connect(port, device, LinkSpeed.Gen1, LinkWidth.X1);
        var function = new BenchFunction(_sim, name, layout);
        device.Add(function, 0);
        _functions.Add(name, function);
    }

    private T Run<T>(Func<Task<T>> body)
    {
        T? result = default;
        var done = _sim.Start("board", async () => { result = await body(); });
        _sim.Run();
        Assert.That(done.IsCompletedSuccessfully, Is.True, "an access did not end");
        return result!;
    }
}
