using NUnit.Framework;
using Sim.Pcie.Errors;
using Sim.Pcie.Inject;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Tests.Inject;

public sealed class AerInjectFileTests
{
    [Test]
    public void Items_name_a_Function_in_either_way_and_errors_by_name_or_mask()
    {
        var items = AerInjectFile.Parse("""
            # two items
            aer
            PCI_ID 0001:1b:00.2
            UNCOR_STATUS COMP_ABORT MALF_TLP COR_STATUS BAD_TLP 0x1
            HEADER_LOG 0x40000001 15 017 0
            AER DOMAIN 0 BUS 2 DEV 0x1f FN 7
            UNCOR_STATUS 0x100000
            """);
        Assert.Multiple(() =>
        {
            Assert.That(items, Has.Count.EqualTo(2));
            Assert.That((items[0].Domain, items[0].Id, items[0].Line), Is.EqualTo((1, RoutingId.Parse("1b:00.2"), 2)));
            Assert.That(items[0].Errors, Is.EqualTo(new[]
            {
                PcieError.ReceiverError, PcieError.BadTlp, PcieError.CompleterAbort, PcieError.MalformedTlp,
            }));
            Assert.That(items[0].Header, Is.EqualTo(new TlpHeader(0x4000_0001, 15, 15, 0)));
            Assert.That((items[1].Id, items[1].Errors.Single()), Is.EqualTo((RoutingId.Parse("02:1f.7"), PcieError.UnsupportedRequest)));
        });
    }

    [TestCase("", 1, 1, "there is no error in this file; expected AER")]
    [TestCase("BUS 1", 1, 1, "'BUS' begins no error; expected AER")]
    [TestCase("AER\n BUS 256", 2, 6, "'256' is no number for BUS; expected a number from 0 to 255, decimal, 0x hexadecimal or 0 octal")]
    [TestCase("AER BUS", 1, 5, "BUS ends the file; expected a number behind it")]
    [TestCase("AER\nCOR_STATUS BAD_TLP", 1, 1, "this AER item names no Function; expected PCI_ID, or BUS, DEV and FN")]
    [TestCase("AER BUS 1 DEV 0 FN 0", 1, 1, "this AER item names no error; expected COR_STATUS or UNCOR_STATUS with an error")]
    [TestCase("AER PCI_ID 1.0", 1, 12, "'1.0' is no address; expected an address such as 0000:01:00.0")]
    [TestCase("AER PCI_ID 1:0.0\nCOR_STATUS TRAIN", 2, 12,
        "'TRAIN' is no error of this kind; expected a number or one of RCVR, BAD_TLP, BAD_DLLP, REP_ROLL, REP_TIMER")]
    [TestCase("AER PCI_ID 1:0.0 UNCOR_STATUS 1", 1, 31, "bit 0 is no error; expected bits of the AER status register")]
    public void What_cannot_be_read_is_one_complaint_with_its_place(string text, int line, int column, string complaint)
    {
        var thrown = Assert.Throws<AerInjectFormatException>(() => AerInjectFile.Parse(text))!;
        Assert.That((thrown.Line, thrown.Column, thrown.Complaint), Is.EqualTo((line, column, complaint)));
    }

    [Test]
    public void Every_error_is_found_by_the_names_that_registers_and_kernel_logs_have() => Assert.Multiple(() =>
    {
        foreach (var facts in ErrorTable.All)
        {
            Assert.That(ErrorTable.Find(facts.KernelName), Is.SameAs(facts));
            Assert.That(ErrorTable.Find(facts.Name.ToLowerInvariant().Replace(' ', '-')), Is.SameAs(facts));
        }

        Assert.That(ErrorTable.Find("unsupported-request")?.Error, Is.EqualTo(PcieError.UnsupportedRequest));
        Assert.That(ErrorTable.Find("nonsense"), Is.Null);
    });
}
