using NUnit.Framework;
using Sim.Pcie.Config;
using static Sim.Pcie.Config.RegisterAccess;

namespace Sim.Pcie.Tests.Config;

public sealed class ConfigSpaceTests
{
    private ConfigSpace _config = null!;

    [SetUp]
    public void MakeOneOfEachClass()
    {
        _config = new("fn");
        _config.Place(0x40, new("Test", 8,
            new RegisterSpec(0, 32, "Classes", "§0",
                new(0, 4, "ro", RO, 5), new(4, 4, "rw", RW, 6), new(8, 4, "rw1c", RW1C), new(12, 4, "rw1cs", RW1CS),
                new(16, 4, "rws", RWS, 9), new(20, 4, "ros", ROS), new(24, 4, "hwinit", HwInit, 3),
                new(28, 2, "mps", RW, SurvivesFlr: true)),
            RegisterSpec.Whole(4, 16, "Plain", "§0", RW)));
    }

    [Test]
    public void Software_changes_only_what_its_class_allows()
    {
        _config.HwSet(0x40, 4, 0x3300_FF65 | 0x0A9_0000);
        _config.WriteDword(0x40, 0xFFFF_FFFF);
        Assert.That(_config.Read(0x40), Is.EqualTo(0x33AF_00F5));
    }

    [Test]
    public void Write_one_to_clear_leaves_bits_written_as_zero()
    {
        _config.HwSetBits(0x40, 4, 0xFF00);
        _config.Write(0x41, 1, 0x21);
        Assert.That(_config.Read(0x41, 1), Is.EqualTo(0xDE));
    }

    [Test]
    public void A_byte_that_is_not_enabled_neither_clears_nor_writes()
    {
        _config.HwSetBits(0x40, 4, 0xFF00);
        var before = _config.Read(0x40);
        _config.WriteDword(0x40, 0xFFFF_FFFF, 0b1000);
        Assert.That(_config.Read(0x40), Is.EqualTo(before | 0x3000_0000));
    }

    [Test]
    public void Undefined_registers_read_zero_and_ignore_writes()
    {
        _config.WriteDword(0x80, 0xFFFF_FFFF);
        Assert.Multiple(() =>
        {
            Assert.That(_config.Read(0x80), Is.Zero);
            Assert.That(new ConfigSpace("old", extended: false).Read(0x100), Is.Zero);
        });
    }

    [Test]
    public void An_access_must_be_aligned_and_inside_the_space()
    {
        Assert.That(() => _config.Read(0x41, 2), Throws.ArgumentException);
        Assert.That(() => _config.Read(0x1000), Throws.ArgumentException);
        Assert.That(() => _config.Read(0x40, 3), Throws.ArgumentException);
    }

    [TestCase(ResetKind.Fundamental, 0x0309_0065u)]
    [TestCase(ResetKind.Hot, 0x03CB_F065u)]
    [TestCase(ResetKind.LinkDown, 0x03CB_F065u)]
    [TestCase(ResetKind.FunctionLevel, 0x23CB_F065u)]
    [TestCase(ResetKind.D3HotToD0, 0x23CB_F065u)]
    public void A_reset_keeps_sticky_fields_unless_it_is_fundamental(ResetKind kind, uint expected)
    {
        _config.HwSet(0x40, 4, 0x27CB_FFFF);
        _config.Reset(kind);
        Assert.That(_config.Read(0x40), Is.EqualTo(expected), $"{_config.Read(0x40):X8}");
    }

    [Test]
    public void A_watcher_sees_writes_to_its_bytes_only()
    {
        var seen = new List<ConfigWrite>();
        _config.OnWrite(0x44, 2, seen.Add);
        _config.Write(0x40, 4, 0);
        _config.Write(0x46, 2, 0xFFFF);
        Assert.That(seen, Is.Empty);
        _config.Write(0x45, 1, 0x80);
        Assert.That(seen.Single(), Is.EqualTo(new ConfigWrite(0x44, 0, 0x8000, 0x8000, 0xFF00)));
    }

    [Test]
    public void A_snapshot_brings_every_register_back()
    {
        _config.Write(0x44, 2, 0x1234);
        var snapshot = _config.Snapshot();
        _config.Reset(ResetKind.Fundamental);
        _config.Restore(snapshot);
        Assert.That(_config.Read(0x44, 2), Is.EqualTo(0x1234));
    }

    [Test]
    public void A_bit_is_described_by_its_table()
    {
        _config.Write(0x40, 1, 0x20);
        Assert.That(_config.Describe(0x40, 5).ToString(), Is.EqualTo("Classes.rw=2 (§0)"));
    }
}
