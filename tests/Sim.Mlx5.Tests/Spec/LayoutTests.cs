using NUnit.Framework;
using Sim.Mlx5.Spec;

namespace Sim.Mlx5.Tests.Spec;

public sealed class LayoutTests
{
    [Test]
    public void A_field_is_big_endian_and_leaves_its_neighbours()
    {
        var raw = new byte[8];
        raw.AsSpan().Fill(0xFF);
        new BitField(4, 23, 0).Set(raw, 0x123456);
        Assert.That(raw, Is.EqualTo(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x12, 0x34, 0x56 }));
        Assert.That(new BitField(4, 31, 24).Get(raw), Is.EqualTo(0xFF));
        Assert.That(new BitField(4, 31, 0).Get(raw), Is.EqualTo(0xFF123456));
    }

    [Test]
    public void Numbers_that_drivers_rely_on_are_the_real_ones()
    {
        Assert.That((int)CommandOpcode.SuspendVhca, Is.EqualTo(0x115));
        Assert.That((int)CommandOpcode.LoadVhcaState, Is.EqualTo(0x119));
        Assert.That((int)CommandOpcode.CreateQp, Is.EqualTo(0x500));
        Assert.That(InitSegment.HealthCounter, Is.EqualTo(0x1010));
        Assert.That(HealthBuffer.FirmwareVersion, Is.EqualTo(0x230));
        Assert.That(UarPage.SqDoorbell, Is.EqualTo(0x800));
        Assert.That(CommandMailbox.Size, Is.EqualTo(576));
        Assert.That((int)WqeOpcode.RdmaWrite, Is.EqualTo(8));
    }

    [Test]
    public void Suspend_and_resume_count_their_modifiers_in_opposite_orders()
    {
        Assert.That((VhcaCommands.SuspendInitiator, VhcaCommands.SuspendResponder), Is.EqualTo((0u, 1u)));
        Assert.That((VhcaCommands.ResumeResponder, VhcaCommands.ResumeInitiator), Is.EqualTo((0u, 1u)));
    }

    [Test]
    public void A_signature_notices_any_flipped_bit()
    {
        var entry = new byte[CommandEntry.Size];
        entry[7] = 0x42;
        CommandSignature.SignEntry(entry);
        Assert.That(CommandSignature.IsEntryValid(entry), Is.True);
        entry[0x11] ^= 1;
        Assert.That(CommandSignature.IsEntryValid(entry), Is.False);
        var block = new byte[CommandMailbox.Size];
        block[100] = 7;
        CommandSignature.SignMailbox(block);
        Assert.That(CommandSignature.IsMailboxValid(block), Is.True);
        block[CommandMailbox.Token] ^= 1;
        Assert.That(CommandSignature.IsMailboxValid(block), Is.False);
    }
}
