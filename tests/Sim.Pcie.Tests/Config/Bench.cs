using NUnit.Framework;
using Sim.Core;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Config;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Errors;
using Sim.Pcie.Links;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;

namespace Sim.Pcie.Tests.Config;

/// <summary>A Root Port with one device of plain functions below it, directly or behind a switch.</summary>
internal sealed class Bench
{
    public Bench(bool behindSwitch = false, BenchOptions? options = null)
    {
        var o = options ?? new BenchOptions();
        Root = new RootComplex(Sim, o.Root);
        Port = Root.AddRootPort("rp0");
        Device = new PcieDevice(Sim, "dev0", o.Device);
        Switch = behindSwitch ? new Switch(Sim, "sw0", 2, o.Switch) : null;
        if (Switch is { } sw)
        {
            Link.Connect(Port, sw.Upstream, LinkSpeed.Gen4, LinkWidth.X8);
            Link.Connect(sw.Downstream[0], Device, LinkSpeed.Gen4, LinkWidth.X8);
        }
        else
        {
            Link.Connect(Port, Device, LinkSpeed.Gen4, LinkWidth.X8);
        }

        Pf = new BenchFunction(Sim, "dev0.pf", Layout(o));
        Device.Add(Pf, 0);
        for (var i = 0; i < o.Vfs; i++)
        {
            var vf = new BenchFunction(Sim, $"dev0.vf{i}", VirtualLayout(i));
            Device.Add(vf, 0);
            Vfs.Add(vf);
        }
    }

    public Simulator Sim { get; } = new();

    public RootComplex Root { get; }

    public RootPort Port { get; }

    public Switch? Switch { get; }

    public PcieDevice Device { get; }

    public BenchFunction Pf { get; }

    public List<BenchFunction> Vfs { get; } = [];

    public IReadOnlyList<DiscoveredFunction> Tree { get; private set; } = [];

    public DiscoveredFunction Found => Tree.SelectMany(f => f.Subtree()).Single(f => f.Id == Pf.Id);

    /// <summary>What the error paths said, from the first access on.</summary>
    public List<ErrorStep> Steps { get; } = [];

    public IEnumerable<PcieError> Detected => Steps.Where(s => s.Kind == ErrorStepKind.Detected).Select(s => s.Error!.Value);

    public Bench Enumerated()
    {
        Run(async () => Tree = await Enumerator.EnumerateAsync(Root));
        Port.ErrorTrace.Steps.Subscribe((SimTime _, in ErrorStep step) => Steps.Add(step));
        return this;
    }

    public void Run(Func<Task> body)
    {
        var done = Sim.Start("test", body);
        Sim.Run();
        Assert.That(done.IsCompletedSuccessfully, Is.True, "the process did not end");
    }

    public T Run<T>(Func<Task<T>> body)
    {
        T? result = default;
        Run(async () => { result = await body(); });
        return result!;
    }

    public CpuLoad Load(ulong address, int bytes = 4) => Run(async () => await Root.LoadAsync(address, bytes));

    public ConfigResult ReadConfig(RoutingId id, int offset, int size) => Run(async () => await Root.ConfigReadAsync(id, offset, size));

    public CompletionStatus WriteConfig(RoutingId id, int offset, int size, uint value) =>
        Run(async () => await Root.ConfigWriteAsync(id, offset, size, value));

    private static EndpointConfig Layout(BenchOptions o)
    {
        var config = new ConfigSpace("dev0.pf");
        var header = Type0Header.Add(config, new(0x1234, 0x5678, 0x088000), [.. o.Bars]);
        var power = PowerManagementCapability.Add(config, 0x40, o.NoSoftReset);
        var express = PciExpressCapability.Add(config, 0x60, new(PciePortType.Endpoint) { FunctionLevelReset = true });
        var aer = AerCapability.Add(config, 0x100, o.Aer);
        AriCapability.Add(config, 0x160);
        var sriov = o.Sriov is null ? null : SriovCapability.Add(config, 0x180, o.Sriov);
        return new(config, header, express) { Aer = aer, Power = power, Sriov = sriov };
    }

    private EndpointConfig VirtualLayout(int index)
    {
        var config = new ConfigSpace($"dev0.vf{index}");
        var header = Type0Header.AddVirtual(config, new(0x1234, 0x5678, 0x088000));
        var express = PciExpressCapability.AddVirtual(config, 0x60, Pf.Express);
        return new(config, header, express) { PhysicalFunction = Pf, VfIndex = index };
    }
}

internal sealed record BenchOptions
{
    public RootComplexOptions Root { get; init; } = new();

    public DeviceOptions Device { get; init; } = new();

    public SwitchOptions Switch { get; init; } = new();

    public IReadOnlyList<BarSpec> Bars { get; init; } = [new(0, BarKind.Memory64Prefetchable, 0x4000)];

    public bool NoSoftReset { get; init; } = true;

    public AerOptions Aer { get; init; } = new();

    public SriovOptions? Sriov { get; init; }

    public int Vfs { get; init; }
}

/// <summary>A function whose BARs are memory.</summary>
internal sealed class BenchFunction(Simulator sim, string name, EndpointConfig layout) : EndpointFunction(sim, name, layout)
{
    private readonly Dictionary<(int Bar, ulong Offset), byte> _bytes = [];

    /// <summary>What it decides on every memory request.</summary>
    public AccessDecision Decision { get; set; }

    public List<ResetKind> Resets { get; } = [];

    protected internal override AccessDecision Decide(int bar, ulong offset, in TlpHeader header) => Decision;

    protected internal override void ReadBar(int bar, ulong offset, Span<byte> destination)
    {
        for (var i = 0; i < destination.Length; i++) destination[i] = _bytes.GetValueOrDefault((bar, offset + (ulong)i));
    }

    protected internal override void WriteBar(int bar, ulong offset, ReadOnlySpan<byte> data)
    {
        for (var i = 0; i < data.Length; i++) _bytes[(bar, offset + (ulong)i)] = data[i];
    }

    protected override void OnReset(ResetKind kind)
    {
        Resets.Add(kind);
        _bytes.Clear();
    }
}
