using NUnit.Framework;
using Sim.Core;
using Sim.Mlx5.Device;
using Sim.Mlx5.Driver;
using Sim.Mlx5.Spec;
using Sim.Pcie.Links;

namespace Sim.Mlx5.Tests.Device;

public sealed class CommandTests
{
    [Test]
    public void A_driver_brings_a_PF_and_a_VF_up_over_TLPs()
    {
        var host = new TestHost().Boot();
        var user = host.OpenVf();
        host.Run(user.BringUpAsync);
        Assert.That(user.Commands.UsesSignatures, Is.True);
        Assert.That(host.Iommu.Faults.Count, Is.Zero);
        Assert.That(host.Vf.Health, Is.EqualTo(HealthSyndrome.None));
    }

    [Test]
    public void A_command_on_the_bus_is_doorbell_reads_output_writes_and_the_entry_last()
    {
        var host = new TestHost().Boot();
        var user = host.OpenVf();
        host.Run(user.BringUpAsync);
        var seen = new List<string>();
        var first = host.PfDriver.Commands;
        using var down = host.Adapter.Link!.Downstream.Arrived.Subscribe(See);
        using var up = host.Adapter.Link!.Upstream.Arrived.Subscribe(See);
        host.Run(() => first.ExecuteAsync(CommandInput.Of(CommandOpcode.QueryIssi), HcaCommands.QueryIssiOutputSize));
        var kinds = seen.Where(k => k != "CplD").ToArray();
        Assert.That(kinds[0], Is.EqualTo("MWr"), "the doorbell");
        Assert.That(kinds[1..3], Is.All.EqualTo("MRd"), "the entry and the output mailbox's control segment");
        Assert.That(kinds[3..], Is.All.EqualTo("MWr").And.Length.GreaterThanOrEqualTo(2), "the output mailbox, then the entry");

        void See(SimTime time, in TlpHop hop) => seen.Add(hop.Tlp.Header.Type.ToString());
    }

    [Test]
    public void A_mailbox_with_another_token_is_not_delivered()
    {
        var reply = Corrupt(CommandInput.GivePages(0x100000, 4), (host, _, block) =>
        {
            var bytes = new byte[CommandMailbox.Size];
            host.Root.Memory.Read(block, bytes);
            bytes[CommandMailbox.Token] ^= 0x80;
            CommandSignature.SignMailbox(bytes);
            host.Root.Memory.Write(block, bytes);
        });
        Assert.That(reply.Delivery, Is.EqualTo(DeliveryStatus.Token));
    }

    [Test]
    public void A_mailbox_with_the_wrong_number_is_not_delivered()
    {
        var reply = Corrupt(CommandInput.GivePages(0x100000, 4), (host, _, block) =>
        {
            var bytes = new byte[CommandMailbox.Size];
            host.Root.Memory.Read(block, bytes);
            CommandMailbox.BlockNumber.Set(bytes, 1);
            CommandSignature.SignMailbox(bytes);
            host.Root.Memory.Write(block, bytes);
        });
        Assert.That(reply.Delivery, Is.EqualTo(DeliveryStatus.BlockNumber));
    }

    [Test]
    public void A_flipped_bit_in_an_entry_or_a_mailbox_is_a_signature_error_once_checksums_are_on()
    {
        var entry = Corrupt(CommandInput.Of(CommandOpcode.AllocPd), (host, at, _) => Flip(host, at + CommandEntry.Input + 12));
        Assert.That(entry.Delivery, Is.EqualTo(DeliveryStatus.Signature));
        var mailbox = Corrupt(CommandInput.GivePages(0x100000, 4), (host, _, block) => Flip(host, block + 3));
        Assert.That(mailbox.Delivery, Is.EqualTo(DeliveryStatus.Signature));
    }

    [Test]
    public void A_wrong_type_a_reserved_bit_and_absurd_lengths_have_delivery_statuses_of_their_own()
    {
        Assert.That(Edit(e => e[0] = 6), Is.EqualTo(DeliveryStatus.Descriptor));
        Assert.That(Edit(e => e[2] = 1), Is.EqualTo(DeliveryStatus.ReservedNotClear));
        Assert.That(Edit(e => CommandEntry.InputLength.Set(e, 4)), Is.EqualTo(DeliveryStatus.InputLength));
        Assert.That(Edit(e => CommandEntry.OutputLength.Set(e, 1 << 30)), Is.EqualTo(DeliveryStatus.OutputLength));
        var input = Edit(e => SetPointer(e, CommandEntry.InputPointer, CommandEntry.InputLength));
        Assert.That(input, Is.EqualTo(DeliveryStatus.InputAlignment));
        var output = Edit(e => SetPointer(e, CommandEntry.OutputPointer, CommandEntry.OutputLength));
        Assert.That(output, Is.EqualTo(DeliveryStatus.OutputAlignment));

        static DeliveryStatus Edit(Action<byte[]> edit) => Corrupt(CommandInput.Of(CommandOpcode.AllocPd), (host, at, _) =>
        {
            var entry = new byte[CommandEntry.Size];
            host.Root.Memory.Read(at, entry);
            edit(entry);
            CommandSignature.SignEntry(entry);
            host.Root.Memory.Write(at, entry);
        }).Delivery;

        static void SetPointer(byte[] entry, QwordField pointer, BitField length)
        {
            length.Set(entry, 64);
            pointer.Set(entry, 0x2001_0010);
        }
    }

    [Test]
    public void Short_inputs_and_outputs_unknown_opcodes_and_the_wrong_time_have_real_statuses()
    {
        var host = new TestHost().Boot();
        var user = host.OpenVf();
        host.Run(async () =>
        {
            await user.Startup.StepAsync();
            Assert.That((await Try(CommandInput.Of(CommandOpcode.AllocPd))).Status, Is.EqualTo(CommandStatus.BadSystemState));
            await user.BringUpAsync();
            Assert.That((await Try(CommandInput.Of((CommandOpcode)0x7FF))).Status, Is.EqualTo(CommandStatus.BadOperation));
            Assert.That((await Try(CommandInput.Of(CommandOpcode.CreateCq, 0, 32))).Status, Is.EqualTo(CommandStatus.BadInputLength));
            Assert.That((await Try(CommandInput.QueryCapabilities(0))).Status, Is.EqualTo(CommandStatus.BadOutputLength));
            Assert.That((await Try(CommandInput.On(CommandOpcode.DestroyCq, 5))).Status, Is.EqualTo(CommandStatus.BadResource));
            Assert.That((await Try(CommandInput.Of(CommandOpcode.EnableHca))).Status, Is.EqualTo(CommandStatus.BadSystemState));
            var suspend = CommandInput.OnVhca(CommandOpcode.SuspendVhca, 0, 2);
            Assert.That((await Try(suspend)).Status, Is.EqualTo(CommandStatus.BadOperation), "a VF may not");
        });

        Task<CommandReply> Try(byte[] input) => user.Commands.TryExecuteAsync(input);
    }

    [Test]
    public void An_HCA_comes_down_in_order_and_gives_its_pages_back()
    {
        var (host, user) = WorkTests.Opened();
        host.Run(async () =>
        {
            var given = user.Startup.PagesGiven;
            Assert.That(await Try(CommandInput.Of(CommandOpcode.DisableHca)), Is.EqualTo(CommandStatus.BadSystemState), "initialized");
            Assert.That(await TakeAsync(given), Is.Zero, "firmware uses them");
            Assert.That(await Try(CommandInput.Of(CommandOpcode.TeardownHca)), Is.EqualTo(CommandStatus.Ok));
            Assert.That(await Try(CommandInput.Of(CommandOpcode.TeardownHca)), Is.EqualTo(CommandStatus.BadSystemState), "it is down");
            Assert.That(await Try(CommandInput.Of(CommandOpcode.AllocUar)), Is.EqualTo(CommandStatus.BadSystemState));
            Assert.That(await TakeAsync(given), Is.EqualTo(given));
            Assert.That(await Try(CommandInput.Of(CommandOpcode.InitHca)), Is.EqualTo(CommandStatus.BadSystemState), "it has no pages");
            Assert.That(await Try(CommandInput.Of(CommandOpcode.DisableHca)), Is.EqualTo(CommandStatus.Ok));
            user.Startup.Stage = user.Startup.PagesGiven = 0;
            user.Commands.UsesSignatures = false;
            await user.BringUpAsync();
        });
        Assert.That(user.Startup.IsDone, Is.True, "and up again");

        async Task<CommandStatus> Try(byte[] input) => (await user.Commands.TryExecuteAsync(input)).Status;

        async Task<uint> TakeAsync(int pages) => HcaCommands.OutputEntries.Get(
            await user.Commands.ExecuteAsync(CommandInput.TakePages(pages), HcaCommands.PageList + (pages * 8)));
    }

    [Test]
    public void A_VF_is_initializing_until_its_PF_enables_it()
    {
        var host = new TestHost();
        Assert.That(host.Vf.IsReady, Is.False);
        host.Boot();
        Assert.That(host.Vf.IsReady, Is.True);
    }

    [Test]
    public void The_vhca_id_of_a_VF_comes_from_the_capabilities_of_the_other_function()
    {
        var host = new TestHost().Boot();
        host.Run(async () =>
        {
            Assert.That(await host.PfDriver.QueryVhcaIdAsync(0), Is.EqualTo(host.VfDevices[0].VhcaId));
            Assert.That(await host.PfDriver.QueryVhcaIdAsync(1), Is.EqualTo(host.VfDevices[1].VhcaId));
            Assert.That(await host.PfDriver.QueryMigrationAsync(), Is.EqualTo(new MigrationCapabilities(true, true, true)));
        });
    }

    [Test]
    public void A_completion_event_and_MSI_X_replace_polling()
    {
        var host = new TestHost().Boot();
        var interrupts = 0;
        using var seen = host.Root.Interrupts.Arrived.Subscribe((SimTime _, in Sim.Pcie.Topology.InterruptArrival _) => interrupts++);
        host.Run(async () =>
        {
            await host.PfDriver.UseEventsAsync();

            // Events of the commands that were polled are taken with the first interrupt.
            await host.Sim.Delay(SimDuration.FromMicroseconds(10));
            interrupts = 0;
            await host.PfDriver.QueryVhcaIdAsync(0);
            await host.PfDriver.QueryVhcaIdAsync(1);
        });
        Assert.That(interrupts, Is.EqualTo(2));
    }

    [Test]
    public void A_command_that_cannot_be_read_times_out_and_the_health_buffer_says_why()
    {
        var host = new TestHost().Boot();
        var user = host.OpenVf();
        host.Run(async () =>
        {
            await user.BringUpAsync();
            await host.Kernel.Iommu!.DetachAsync(user.Function.Id);
            var reply = await user.Commands.TryExecuteAsync(CommandInput.Of(CommandOpcode.AllocPd));
            Assert.That(reply.TimedOut, Is.True);
            var syndrome = await user.Platform.LoadAsync(HealthBuffer.Syndrome) >> 16 & 0xFF;
            Assert.That((HealthSyndrome)syndrome, Is.EqualTo(HealthSyndrome.IcmFetchPciError));
        });
        Assert.That(host.Iommu.Faults.Count, Is.GreaterThan(0));
    }

    [Test]
    public void A_probe_shows_each_command_with_its_end()
    {
        var host = new TestHost().Boot();
        var records = new List<CommandRecord>();
        using var seen = host.Pf.CommandsExecuted.Subscribe((SimTime _, in CommandRecord record) => records.Add(record));
        host.Run(() => host.PfDriver.QueryVhcaIdAsync(0));
        Assert.That(records, Has.Count.EqualTo(1));
        Assert.That(records[0].Opcode, Is.EqualTo(CommandOpcode.QueryHcaCap));
        Assert.That(records[0].Status, Is.EqualTo(CommandStatus.Ok));
    }

    private static void Flip(TestHost host, ulong address)
    {
        var one = new byte[1];
        host.Root.Memory.Read(address, one);
        one[0] ^= 0x10;
        host.Root.Memory.Write(address, one);
    }

    /// <summary>Executes a command on the VF, tampered with in memory before the doorbell.</summary>
    private static CommandReply Corrupt(byte[] input, Action<TestHost, ulong, ulong> tamper)
    {
        var host = new TestHost().Boot();
        var user = host.OpenVf();
        CommandReply? reply = null;
        host.Run(async () =>
        {
            await user.BringUpAsync();
            user.Commands.BeforeDoorbell = (entry, block) => tamper(host, entry, block);
            reply = await user.Commands.TryExecuteAsync(input);
        });
        return reply!;
    }
}
