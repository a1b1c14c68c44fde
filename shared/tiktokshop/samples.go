package tiktokshop

func (r SellerReviewSampleRequest) check(p *params) {
	if r.ReviewResult == SampleReviewReject && r.RejectReason == "" {
		p.refuse("reject_reason is empty: it is required with REJECT")
	}
}
