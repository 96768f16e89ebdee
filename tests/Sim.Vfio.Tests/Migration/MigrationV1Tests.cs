using NUnit.Framework;
using Sim.Vfio.Migration;

namespace Sim.Vfio.Tests.Migration;

public sealed class MigrationV1Tests
{
    [TestCase(0b0000, MigrationV1State.Stop)]
    [TestCase(0b0001, MigrationV1State.Running)]
    [TestCase(0b0010, MigrationV1State.StopAndCopy)]
    [TestCase(0b0011, MigrationV1State.PreCopy)]
    [TestCase(0b0100, MigrationV1State.Resuming)]
    [TestCase(0b0101, MigrationV1State.Invalid)]
    [TestCase(0b0110, MigrationV1State.Error)]
    [TestCase(0b0111, MigrationV1State.Invalid)]
    [TestCase(0b1001, MigrationV1State.RunningNdma)]
    [TestCase(0b1011, MigrationV1State.PreCopyNdma)]
    [TestCase(0b1000, MigrationV1State.Invalid)]
    [TestCase(0b1010, MigrationV1State.Invalid)]
    [TestCase(0b1100, MigrationV1State.Invalid)]
    [TestCase(0b1110, MigrationV1State.Invalid)]
    [TestCase(16, MigrationV1State.Invalid)]
    public void Each_combination_of_bits_means_what_the_header_says(int bits, MigrationV1State expected) =>
        Assert.That(MigrationV1.Classify((MigrationV1Bits)bits, hasNdma: true), Is.EqualTo(expected));

    [Test]
    public void Without_the_capability_every_combination_with_ndma_is_invalid() => Assert.Multiple(() =>
    {
        for (var bits = 8; bits < 16; bits++)
            Assert.That(MigrationV1.Classify((MigrationV1Bits)bits), Is.EqualTo(MigrationV1State.Invalid));
    });

    [Test]
    public void Error_is_neither_written_nor_left_by_a_write() => Assert.Multiple(() =>
    {
        const MigrationV1Bits error = MigrationV1Bits.Saving | MigrationV1Bits.Resuming;
        Assert.That(MigrationV1.CanWrite(MigrationV1Bits.Running, error), Is.False);
        Assert.That(MigrationV1.CanWrite(error, MigrationV1Bits.Running), Is.False);
        Assert.That(MigrationV1.CanWrite(MigrationV1Bits.Running, MigrationV1Bits.Saving), Is.True);
        Assert.That(MigrationV1.CanWrite(MigrationV1Bits.Running, MigrationV1Bits.Running | MigrationV1Bits.Ndma), Is.False);
        Assert.That(MigrationV1.CanWrite(MigrationV1Bits.Running, MigrationV1Bits.Running | MigrationV1Bits.Ndma, hasNdma: true), Is.True);
    });
}
