using NUnit.Framework;
using Sim.Core;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Config;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Links;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;

namespace Sim.Pcie.Tests.Capabilities;

/// <summary>Which Function of a current platform has which capability, with what access, and what the registers say of the link.</summary>
public class PlatformCapabilityTests
{
    private const ushort Secondary = ExtendedCapabilityId.SecondaryPciExpress;
    private const ushort At16 = ExtendedCapabilityId.PhysicalLayer16;
    private const ushort At32 = ExtendedCapabilityId.PhysicalLayer32;
    private const ushort Ltr = ExtendedCapabilityId.LatencyToleranceReporting;
    private const ushort Serial = ExtendedCapabilityId.DeviceSerialNumber;
    private const ushort Vendor = ExtendedCapabilityId.VendorSpecific;
    private const ushort Designated = ExtendedCapabilityId.DesignatedVendorSpecific;

    [TestCase("rp0", new ushort[] { Secondary, At16, At32 }, new ushort[] { Ltr, Designated })]
    [TestCase("sw.up", new ushort[] { Secondary, At16, At32, Ltr, Serial, Vendor }, new ushort[0])]
    [TestCase("sw.p0", new ushort[] { Secondary, At16, At32, Serial, Vendor }, new ushort[] { Ltr })]
    [TestCase("dev", new ushort[] { Secondary, At16, At32, Ltr, Serial, Designated }, new ushort[] { ExtendedCapabilityId.ResizableBar })]
    [TestCase("dev.vf0", new ushort[] { Designated }, new ushort[] { Secondary, At16, At32, Ltr, Serial })]
    public void A_Function_has_what_its_kind_has(string name, ushort[] has, ushort[] lacks)
    {
        var config = new Hierarchy(LinkSpeed.Gen5).Functions[name];
        Assert.That(has.Where(id => config.FindExtendedCapability(id) == 0), Is.Empty);
        Assert.That(lacks.Where(id => config.FindExtendedCapability(id) != 0), Is.Empty);
    }

    [TestCase(LinkSpeed.Gen2, 0, 0, 0)]
    [TestCase(LinkSpeed.Gen3, 0x1E, 0, 0)]
    [TestCase(LinkSpeed.Gen4, 0x1E, 0xF, 0)]
    [TestCase(LinkSpeed.Gen5, 0x1E, 0xF, 0xF)]
    public void Equalization_is_shown_for_the_rates_that_the_link_went_through(LinkSpeed speed, int at8, int at16, int at32)
    {
        var hierarchy = new Hierarchy(speed);
        foreach (var name in (string[])["rp0", "sw.up", "sw.p0", "dev"])
        {
            var config = hierarchy.Functions[name];
            var express = config.FindCapability(CapabilityId.PciExpress);
            Assert.That(config.Read(express + 0x32, 2) & 0x1E, Is.EqualTo((uint)at8), $"{name} Link Status 2");
            Assert.That(config.Read(config.FindExtendedCapability(At16) + 0x0C) & 0xF, Is.EqualTo((uint)at16), $"{name} 16.0 GT/s Status");
            Assert.That(config.Read(config.FindExtendedCapability(At32) + 0x0C) & 0xF, Is.EqualTo((uint)at32), $"{name} 32.0 GT/s Status");
        }
    }

    [Test]
    public void Access_is_as_the_specification_s_words_have_it()
    {
        var functions = new Hierarchy(LinkSpeed.Gen5).Functions;
        uint Mask(string name, ushort id, int offset, int bytes = 4) =>
            functions[name].WriteMask(functions[name].FindExtendedCapability(id) + offset, bytes);

        Assert.That(Mask("rp0", Secondary, 4), Is.EqualTo(3u), "Link Control 3: a port that faces away from the Root Complex (§7.7.3.2)");
        Assert.That(Mask("sw.p0", Secondary, 4), Is.EqualTo(3u));
        Assert.That(Mask("sw.up", Secondary, 4) | Mask("dev", Secondary, 4), Is.Zero);
        Assert.That(Mask("dev", Ltr, 4), Is.EqualTo(0x1FFF_1FFFu), "value and scale of both latencies (§7.8.2.2)");
        Assert.That(Mask("dev", Serial, 4) | Mask("dev", Serial, 8) | Mask("dev", Designated, 4) | Mask("dev", Designated, 12), Is.Zero);
        var dev = functions["dev"];
        Assert.That(dev.ClearMask(dev.FindExtendedCapability(Secondary) + 8, 4), Is.EqualTo(0xFFFFu), "Lane Error Status: RW1CS");
        Assert.That(dev.ClearMask(dev.FindExtendedCapability(At16) + 0x0C, 4), Is.EqualTo(0x10u), "Link Equalization Request: RW1CS");
    }

    [Test]
    public void The_DVSEC_tells_where_the_migration_control_block_is()
    {
        foreach (var name in (string[])["dev", "dev.vf0"])
        {
            var config = new Hierarchy(LinkSpeed.Gen4).Functions[name];
            var at = config.FindExtendedCapability(Designated);
            Assert.That(config.Read(at + 4), Is.EqualTo(0x0100_0000u | DmaQueueLayout.VendorId), "16 bytes, revision 0");
            Assert.That(config.Read(at + 8, 2), Is.EqualTo(MigrationControlBlock.DvsecId));
            var place = config.Read(at + 12);
            Assert.That((place & 7, place & ~7u), Is.EqualTo((0u, (uint)MigrationControlBlock.Base)));
        }
    }

    [TestCase(false, 1ul << 20)]
    [TestCase(true, 64ul << 20)]
    public void A_Resizable_BAR_decodes_what_firmware_made_of_it(bool largest, ulong size)
    {
        var h = new Hierarchy(LinkSpeed.Gen4, aperture: 64 << 20, new EnumerationPolicy { LargestBars = largest });
        var bar = h.Found("dev").Bars.Single(b => b.Index == 2);
        Assert.That(bar.Size, Is.EqualTo(size), "as sized by writing ones");
        h.Root.Store(bar.Address + size - 8, 0x1122_3344_5566_7788, 8);
        Assert.That(h.Load(bar.Address + size - 8).Value, Is.EqualTo(0x1122_3344_5566_7788));
        Assert.That(h.Load(bar.Address + size).Status, Is.EqualTo(CompletionStatus.UnsupportedRequest), "one past the end");
    }

    [Test]
    public void A_driver_that_picks_a_size_changes_what_the_device_claims()
    {
        var h = new Hierarchy(LinkSpeed.Gen4, aperture: 4 << 20, new EnumerationPolicy { LargestBars = true });
        var bar = h.Found("dev").Bars.Single(b => b.Index == 2);
        var control = h.Functions["dev"].FindExtendedCapability(ExtendedCapabilityId.ResizableBar) + 8;
        h.Root.Store(bar.Address + (2 << 20), 7, 4);
        Assert.That(h.Load(bar.Address + (2 << 20)).Status, Is.EqualTo(CompletionStatus.Successful));
        h.Write("dev", control, 1 << 8);
        Assert.That(h.Load(bar.Address + (2 << 20)).Status, Is.EqualTo(CompletionStatus.UnsupportedRequest), "2 MiB now");
        h.Write("dev", control, 2 << 8);
        Assert.That(h.Load(bar.Address + (2 << 20)).Value & 0xFFFF_FFFF, Is.EqualTo(7), "and what it holds is still there");
    }

    /// <summary>A Root Port, a switch and a simple device with a VF, enumerated.</summary>
    private sealed class Hierarchy
    {
        private readonly Dictionary<string, Function> _functions = [];
        private IReadOnlyList<DiscoveredFunction> _tree = [];

        public Hierarchy(LinkSpeed speed, ulong aperture = 0, EnumerationPolicy? policy = null)
        {
            var sim = new Simulator();
            Root = new RootComplex(sim);
            var port = Root.AddRootPort("rp0");
            var sw = new Switch(sim, "sw", 1);
            var device = new PcieDevice(sim, "dev");
            var options = new EndpointOptions
            {
                Identity = new FunctionIdentity(DmaQueueLayout.VendorId, DmaQueueLayout.PhysicalDeviceId, 0x088000),
                BarSize = DmaQueueLayout.BarSize,
                TotalVfs = 1,
                ControlBlock = true,
                ApertureSize = aperture,
            };
            var pf = new PassiveFunction(sim, "dev", EndpointTemplates.PhysicalFunction("dev", options));
            var vf = new PassiveFunction(
                sim, "dev.vf0", EndpointTemplates.VirtualFunction("dev.vf0", options, pf, 0));
            device.Add(pf, 0);
            device.Add(vf, 2);
            Link.Connect(port, sw.Upstream, speed, LinkWidth.X16);
            Link.Connect(sw.Downstream[0], device, speed, LinkWidth.X16);
            foreach (var function in (Function[])[port.Function, sw.Upstream.Function, sw.Downstream[0].Function, pf, vf])
                _functions.Add(function.Name, function);
            sim.Start("boot", async () => _tree = await Enumerator.EnumerateAsync(Root, policy));
            sim.Run();
        }

        public RootComplex Root { get; }

        public IReadOnlyDictionary<string, ConfigSpace> Functions => _functions.ToDictionary(f => f.Key, f => f.Value.Config);

        public DiscoveredFunction Found(string name) => _tree.SelectMany(f => f.Subtree()).Single(f => f.Id == _functions[name].Id);

        public CpuLoad Load(ulong address)
        {
            CpuLoad load = default;
            Root.Sim.Start("load", async () => load = await Root.LoadAsync(address, 8));
            Root.Sim.Run();
            return load;
        }

        public void Write(string name, int offset, uint value)
        {
            Root.Sim.Start("write", async () => await Root.ConfigWriteAsync(_functions[name].Id, offset, 4, value));
            Root.Sim.Run();
        }
    }
}
