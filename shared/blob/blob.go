// Package blob keeps what is too large for a table in an S3 bucket.
package blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/job"
)

// Bucket is one bucket. It implements job.Objects and job.Files. It is safe for
// concurrent use.
type Bucket struct {
	client *s3.Client
	name   string
}

// New uses the bucket with the name. An endpoint of one's own, such as an
// emulated AWS, is called without the bucket in its host name.
func New(cfg aws.Config, name string) *Bucket {
	return &Bucket{name: name, client: s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.UsePathStyle = cfg.BaseEndpoint != nil
		o.DisableS3ExpressSessionAuth = aws.Bool(true)
	})}
}

// createAttempts is how often an object is sent that another is written beside.
const createAttempts = 3

// Create implements job.Objects. S3 keeps the first of two that are written at
// the same time. Source: S3 user guide, "conditional writes".
func (b *Bucket) Create(ctx context.Context, key string, body []byte) error {
	var err error
	for range createAttempts {
		_, err = b.client.PutObject(ctx, &s3.PutObjectInput{
			Bucket: &b.name, Key: &key, Body: bytes.NewReader(body), ContentType: aws.String("application/json"), IfNoneMatch: aws.String("*"),
		})
		if code(err) != "ConditionalRequestConflict" {
			break
		}
	}
	if code(err) == "PreconditionFailed" {
		return job.ErrExists
	}
	return failed("blob.Create", err)
}

// Get implements job.Objects.
func (b *Bucket) Get(ctx context.Context, key string) ([]byte, error) {
	out, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &key})
	if err != nil {
		return nil, failed("blob.Get", err)
	}
	body, err := io.ReadAll(out.Body)
	return body, errors.Join(failed("blob.Get", err), failed("blob.Get", out.Body.Close()))
}

// URL is an address under which anyone can fetch the object until life is over.
// It names the file that a browser saves. An object that is not there is noticed
// only by whoever fetches it.
func (b *Bucket) URL(ctx context.Context, key, filename string, life time.Duration) (string, error) {
	signed, err := s3.NewPresignClient(b.client).PresignGetObject(ctx, &s3.GetObjectInput{
		Bucket: &b.name, Key: &key, ResponseContentDisposition: aws.String(fmt.Sprintf("attachment; filename=%q", filename)),
	}, s3.WithPresignExpires(life))
	if err != nil {
		return "", failed("blob.URL", err)
	}
	return signed.URL, nil
}

// StartUpload implements job.Files. The bucket's life cycle ends uploads that
// nobody finishes.
func (b *Bucket) StartUpload(ctx context.Context, key, mediaType string) (upload string, err error) {
	out, err := b.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &b.name, Key: &key, ContentType: &mediaType})
	if err != nil {
		return "", failed("blob.StartUpload", err)
	}
	return aws.ToString(out.UploadId), nil
}

// StorePart implements job.Files.
func (b *Bucket) StorePart(ctx context.Context, key, upload string, part int, body []byte) error {
	_, err := b.client.UploadPart(ctx, &s3.UploadPartInput{
		Bucket: &b.name, Key: &key, UploadId: &upload, PartNumber: aws.Int32(int32(part)), Body: bytes.NewReader(body), //nolint:gosec // S3 takes 10,000 parts
	})
	return failed("blob.StorePart", err)
}

// FinishUpload implements job.Files.
func (b *Bucket) FinishUpload(ctx context.Context, key, upload string) error {
	var parts []types.CompletedPart
	pages := s3.NewListPartsPaginator(b.client, &s3.ListPartsInput{Bucket: &b.name, Key: &key, UploadId: &upload})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return b.finished(ctx, key, err)
		}
		for _, part := range page.Parts {
			parts = append(parts, types.CompletedPart{ETag: part.ETag, PartNumber: part.PartNumber})
		}
	}
	_, err := b.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &b.name, Key: &key, UploadId: &upload, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	})
	return b.finished(ctx, key, err)
}

// finished tells an upload that was finished before, whose object is there, from
// one that is gone.
func (b *Bucket) finished(ctx context.Context, key string, err error) error {
	if code(err) == "NoSuchUpload" {
		if _, headErr := b.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.name, Key: &key}); headErr == nil {
			return nil
		}
	}
	return failed("blob.FinishUpload", err)
}

func code(err error) string {
	var answer smithy.APIError
	if errors.As(err, &answer) {
		return answer.ErrorCode()
	}
	return ""
}

func failed(op string, err error) error {
	switch code(err) {
	case "":
		if err == nil {
			return nil
		}
	case "NoSuchKey", "NotFound", "NoSuchUpload":
		return fault.Wrap(op, fault.NotFound, "there is no such object", err)
	}
	return fault.Wrap(op, fault.Unavailable, "the bucket did not answer; repeat the request", err)
}
