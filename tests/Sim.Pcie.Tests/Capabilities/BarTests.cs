using NUnit.Framework;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Config;

namespace Sim.Pcie.Tests.Capabilities;

public sealed class BarTests
{
    private static readonly FunctionIdentity Identity = new(0x15B3, 0x1017, 0x020000);

    [TestCase(BarKind.Memory32, 0x1000ul, 0xFFFF_F000u)]
    [TestCase(BarKind.Memory32Prefetchable, 0x100000ul, 0xFFF0_0008u)]
    [TestCase(BarKind.Io, 0x20ul, 0xFFFF_FFE1u)]
    public void Writing_all_ones_reads_back_the_size(BarKind kind, ulong size, uint expected)
    {
        var config = new ConfigSpace("fn");
        Type0Header.Add(config, Identity, new BarSpec(2, kind, size));
        config.WriteDword(0x18, 0xFFFF_FFFF);
        Assert.That(config.Read(0x18), Is.EqualTo(expected));
    }

    [Test]
    public void A_64_bit_bar_takes_two_registers_and_decodes_where_software_puts_it()
    {
        var config = new ConfigSpace("fn");
        var header = Type0Header.Add(config, Identity, new BarSpec(0, BarKind.Memory64Prefetchable, 8ul << 30));
        config.WriteDword(0x10, 0xFFFF_FFFF);
        config.WriteDword(0x14, 0xFFFF_FFFF);
        Assert.That((config.Read(0x10), config.Read(0x14)), Is.EqualTo((0x0000_000Cu, 0xFFFF_FFFEu)));
        config.WriteDword(0x14, 0x20);
        Assert.Multiple(() =>
        {
            Assert.That(header.Bars[0]!.Address, Is.EqualTo(0x20_0000_0000));
            Assert.That(header.FindMemoryBar(0x21_FFFF_FFFF), Is.SameAs(header.Bars[0]));
            Assert.That(header.FindMemoryBar(0x22_0000_0000), Is.Null);
        });
    }

    [TestCase(4, 5)]
    [TestCase(4, 4)]
    [TestCase(5, 0)]
    public void Bars_that_overlap_or_do_not_fit_are_refused(int wide, int narrow) =>
        Assert.That(
            () => Type0Header.Add(new("fn"), Identity, new BarSpec(wide, BarKind.Memory64, 4096),
                new BarSpec(narrow, BarKind.Memory32, 4096)),
            Throws.ArgumentException);

    [Test]
    public void A_size_that_is_no_power_of_two_is_refused() =>
        Assert.That(() => Type0Header.Add(new("fn"), Identity, new BarSpec(0, BarKind.Memory32, 3000)), Throws.ArgumentException);

    [Test]
    public void A_resizable_bar_takes_the_size_software_picks_and_no_other()
    {
        var config = new ConfigSpace("fn");
        var header = Type0Header.Add(config, Identity, new BarSpec(0, BarKind.Memory64Prefetchable, 1 << 20));
        ResizableBarCapability.Add(config, 0x100, header.Bars[0]!, 0b1101);
        config.Write(0x109, 1, 3);
        Assert.That(header.Bars[0]!.Size, Is.EqualTo(8ul << 20));
        config.Write(0x109, 1, 1);
        Assert.That(header.Bars[0]!.Size, Is.EqualTo(8ul << 20), "2 MiB is not supported");
        config.WriteDword(0x10, 0xFFFF_FFFF);
        Assert.That(config.Read(0x10), Is.EqualTo(0xFF80_000Cu));
    }

    [Test]
    public void A_bridge_forwards_by_its_windows_and_bus_numbers()
    {
        var config = new ConfigSpace("port");
        var header = Type1Header.Add(config, new(0x8086, 0x2F04, 0x060400));
        Assert.That(header.MemoryWindow.IsOpen, Is.True, "base = limit = 0 opens the first megabyte until software closes it");
        config.Write(0x20, 2, 0x1234);
        config.Write(0x22, 2, 0x1250);
        config.WriteDword(0x24, 0x0010_FFF0);
        config.WriteDword(0x28, 0x40);
        config.WriteDword(0x2C, 0x41);
        config.Write(0x1C, 2, 0x3121);
        config.WriteDword(0x18, 0x0005_0300);
        Assert.Multiple(() =>
        {
            Assert.That(header.MemoryWindow, Is.EqualTo(new BridgeWindow(0x1230_0000, 0x125F_FFFF)));
            Assert.That(header.PrefetchableWindow, Is.EqualTo(new BridgeWindow(0x40_FFF0_0000, 0x41_001F_FFFF)));
            Assert.That(header.IoWindow, Is.EqualTo(new BridgeWindow(0x2000, 0x3FFF)));
            Assert.That(config.Read(0x24, 1), Is.EqualTo(0xF1), "64-bit window");
            Assert.That((header.HasBusBelow(2), header.HasBusBelow(3), header.HasBusBelow(5), header.HasBusBelow(6)),
                Is.EqualTo((false, true, true, false)));
        });
    }
}
